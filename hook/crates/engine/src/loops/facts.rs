//! Gathers the facts when the owner of a loop wants to stop, and writes the prompt of the next iteration.

use std::fmt::Write;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{Event, EventName};
use agent_baton_core::id::RunId;
use agent_baton_core::loop_state::{Check, StopFacts};
use agent_baton_core::request::{Reading, Snapshot};
use agent_baton_core::run::{Run, Status};

use super::definition::LoopDefinition;
use super::done_when::{self, CheckOutcome};
use super::{approval, block_cap, phrase, project_digest};
use baton_agents::{StopDetails, spec};
use baton_fs::hash::sha256_hex;
use baton_system::environment::Environment;

/// Returns the loop that the event's session owns through the event's process, if the loop is active now.
#[must_use]
pub fn owned_loop<'s>(snapshot: &'s Snapshot, event: &Event) -> Option<&'s Run> {
    let session = snapshot.session.record()?;
    let mine = |run: &&Run| {
        session.runs.contains(&run.id)
            && run.owner.is_session(&session.id)
            && Some(&run.owner.process) == event.process.as_ref()
            && run.status == Status::Active
            && run.loop_state.is_some()
    };
    let live = snapshot.runs.iter().map(|named| &named.reading).filter(|reading| matches!(reading, Reading::Live(_)));
    live.filter_map(Reading::record).find(mine).filter(|_| event.name == EventName::Stop)
}

/// The facts that a loop's definition and the agent's last message give.
#[derive(Debug)]
pub struct StopEvaluation {
    definition: LoopDefinition,
    outcome: Option<CheckOutcome>,
    /// Whether the message contains the phrase, but not where it counts.
    phrase_misplaced: bool,
}

impl StopEvaluation {
    /// Evaluates a `Stop`: reads the project's files, and runs the loop's command if the user approved it and the
    /// agent said the phrase. `bytes` is the loop's definition, `project` is the directory in which the run is now, and
    /// `home` is the account's home directory.
    ///
    /// Returns `None` if the bytes are not a definition.
    pub fn new(
        (run, project): (&Run, Option<&str>),
        bytes: &[u8],
        ending: &StopDetails,
        agent: Agent,
        environment: &dyn Environment,
        home: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<(Self, StopFacts)> {
        let definition = LoopDefinition::from_bytes(bytes)?;
        let message = ending.message.as_deref();
        let said = definition
            .until
            .as_deref()
            .map(|until| phrase::is_said(message.unwrap_or_default(), until, &definition.prompt));
        let is_mentioned = |until: &str| phrase::is_mentioned(message.unwrap_or_default(), until);
        let phrase_misplaced = said == Some(false) && definition.until.as_deref().is_some_and(is_mentioned);
        let mut outcome = None;
        let check = definition.done_when.as_ref().map(|command| {
            if said == Some(false) {
                return Check::NotRun;
            }
            if !home().is_some_and(|home| approval::is_granted(&home, &run.id, command)) {
                return Check::Refused;
            }
            let ended = outcome.insert(done_when::run(command, command.present_directory(project), done_when::TIMEOUT));
            if ended.passed { Check::Passed } else { Check::Failed }
        });
        let recorded = run.loop_state.as_ref().map_or("", |state| state.limits.definition.as_str());
        let variable = spec(agent).block_cap.map(|cap| environment.get(cap.variable));
        let facts = StopFacts {
            run: run.id.clone(),
            definition: definition.digest_like(bytes, recorded),
            message: message.map(|message| sha256_hex(message.as_bytes(), 16)),
            phrase: said,
            check,
            project: project_digest::compute(definition.present_directory(project)),
            again: ending.continued,
            cap: variable.and_then(|value| block_cap::effective_cap(agent, value, &[])),
        };
        Some((Self { definition, outcome, phrase_misplaced }, facts))
    }

    /// Returns the text that the agent gets for the next iteration: the prompt and the progress. The only foreign
    /// text in it is the end of the command's output.
    #[must_use]
    pub fn next_prompt(&self, run: &RunId, iteration: u32, of: Option<u32>) -> String {
        let mut text = self.definition.prompt.clone();
        let of = of.map_or_else(String::new, |of| format!(" of {of}"));
        // Writing into a String cannot fail.
        let _ = write!(text, "\n\n(baton: this is iteration {iteration}{of} of the run {run}.)");
        if self.phrase_misplaced {
            text.push_str(
                "\n\n(baton: the last answer holds the phrase that ends the loop, but it does not count there. It counts where the \
                 last line of an answer is the phrase alone, outside code and quotations.)",
            );
        }
        if let Some(CheckOutcome { how, tail, .. }) = &self.outcome {
            let _ = write!(text, "\n\nThe command that says whether the work is done {how}.");
            if !tail.is_empty() {
                let _ = write!(text, " The end of its output:\n\n{tail}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loops::definition::DoneWhen;
    use baton_store::fixtures;

    fn look(definition: &LoopDefinition, message: &str, home: &std::path::Path) -> (StopEvaluation, StopFacts) {
        let ending = StopDetails { continued: true, message: Some(message.to_owned()) };
        let environment: &[(&str, &str)] = &[("CLAUDE_CODE_STOP_HOOK_BLOCK_CAP", "20")];
        let home = || Some(home.to_owned());
        StopEvaluation::new(
            (&fixtures::run("r1", "s", 1), None),
            &definition.to_bytes(),
            &ending,
            Agent::Claude,
            &environment,
            home,
        )
        .unwrap()
    }

    #[test]
    fn a_command_is_run_when_a_user_gave_it_and_the_phrase_was_said() {
        let dir = tempfile::tempdir().unwrap();
        let run: RunId = "r1".parse().unwrap();
        let done_when = DoneWhen {
            command: "echo ran > ran; echo 'not yet'; exit 1".into(),
            directory: dir.path().to_owned(),
            directory_id: None,
            environment: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        };
        let definition = LoopDefinition {
            prompt: "Go on.".into(),
            until: Some("DONE".into()),
            done_when: Some(done_when.clone()),
            directory: dir.path().to_owned(),
        };
        for (approved, message, expected, ran) in [
            (false, "DONE", Check::Refused, false),
            (true, "not at all", Check::NotRun, false),
            (true, "DONE", Check::Failed, true),
        ] {
            if approved && !approval::is_granted(dir.path(), &run, &done_when) {
                approval::grant(dir.path(), &run, &done_when).unwrap();
            }
            let (evaluation, facts) = look(&definition, message, dir.path());
            assert_eq!(facts.check, Some(expected), "{message}");
            assert_eq!(dir.path().join("ran").exists(), ran, "{message}");
            assert_eq!((facts.again, facts.cap, facts.is_done()), (true, Some(20), false));
            let next = evaluation.next_prompt(&run, 3, Some(8));
            assert!(next.starts_with("Go on.\n\n(baton: this is iteration 3 of 8 of the run r1.)"), "{next}");
            assert_eq!(next.contains("exited with 1. The end of its output:\n\nnot yet"), ran, "{next}");
        }
    }

    #[test]
    fn a_file_that_is_none_gives_no_facts() {
        let ending = StopDetails::default();
        let environment: &[(&str, &str)] = &[];
        let run = fixtures::run("r1", "s", 1);
        assert!(StopEvaluation::new((&run, None), b"{}", &ending, Agent::Codex, &environment, || None).is_none());
    }
}
