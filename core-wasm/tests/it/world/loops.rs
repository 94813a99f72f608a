//! The script's steps about loops.
//!
//! `loop A P1 r max=3 patience=2 ms=1000` starts a loop. A `stop` may be followed by:
//!
//! - `done` (the message contains the phrase), `passed`, `failed` or `refused` (the result of the command),
//! - `same` (message), `still` (project), `again` (a hook continued the turn), `cap=8`,
//! - `blind` (the definition cannot be read) or `other` (the definition is not the run's),
//! - `work=b,c` (what the agent runs in the background).
//!
//! A `prompt` and a `stop` may have the `id=N` of their turn. A prompt may have `task` if the client wrote it.

use agent_baton_core::decision::Decision;
use agent_baton_core::event::{Event, EventName};
use agent_baton_core::loop_state::{Check, LoopLimits, StopFacts};
use agent_baton_core::request::Command;

use super::World;

/// Returns the number after `key=`.
fn number(words: &[&str], key: &str) -> Option<u64> {
    words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('=')).map(|number| number.parse().unwrap())
}

impl World {
    pub(super) fn start_loop(&mut self, session: &str, actor: &str, run: &str, words: &[&str]) -> Decision {
        let process = self.actor(actor).process;
        let small = |key, unless| number(words, key).map_or(unless, |number| u32::try_from(number).unwrap());
        self.command(Command::Start {
            run: run.parse().unwrap(),
            name: run.parse().unwrap(),
            phase: None,
            max_iterations: Some(small("max", 50)),
            session: session.parse().unwrap(),
            process,
            loop_state: Some(LoopLimits {
                definition: format!("texts of {run}"),
                max_ms: number(words, "ms"),
                patience: small("patience", 0),
            }),
            fleet: None,
        })
    }

    /// Reads the words after a prompt or a stop.
    pub(super) fn tell_more(&mut self, event: &mut Event, words: &[&str]) {
        event.prompt_id = number(words, "id").map(|id| format!("id-{id}"));
        if let Some(prompt) = &mut event.prompt {
            prompt.by_user = !words.contains(&"task");
        }
        event.headless = words.contains(&"headless");
        let path = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)).map(str::to_owned);
        event.missing_project = path("missing=");
        event.directory = path("directory=");
        event.project = path("in=").or_else(|| event.project.take());
        let work = words.iter().find_map(|word| word.strip_prefix("work="));
        event.background_work = work.map(|ids| ids.split(',').map(str::to_owned).collect()).unwrap_or_default();
        if event.name == EventName::Stop && !words.contains(&"blind") {
            event.stop = self.facts(event, words);
        }
    }

    fn facts(&self, event: &Event, words: &[&str]) -> Option<StopFacts> {
        let mine = |run: &&agent_baton_core::run::Run| {
            run.owner.session == event.session && run.status.is_unfinished() && run.loop_state.is_some()
        };
        let run = self.runs.values().map(|(run, _)| run).find(mine)?;
        let said = |word: &str| words.contains(&word);
        let digest = |word: &str| Some(if said(word) { word.to_owned() } else { event.digest.clone() });
        let definition = if said("other") { "texts of another" } else { &run.loop_state.as_ref()?.limits.definition };
        Some(StopFacts {
            run: run.id.clone(),
            definition: definition.to_owned(),
            message: digest("same"),
            phrase: Some(said("done")),
            check: [("passed", Check::Passed), ("failed", Check::Failed), ("refused", Check::Refused)]
                .into_iter()
                .find_map(|(word, check)| said(word).then_some(check)),
            project: digest("still"),
            again: said("again"),
            cap: number(words, "cap").map(|cap| u32::try_from(cap).unwrap()),
        })
    }
}
