//! `baton explain`: one decision in three sentences.

use agent_baton_core::decision::{Decision, Record, Tell};
use agent_baton_core::process::Sight;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Ask, Reading, Request};
use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::reply::is_iterated;
use crate::store::AuditLine;
use crate::words;

/// Tells what a decision saw, which rule applied, and what changed.
#[derive(Args)]
pub struct Explain {
    /// A decision's number, the id of a session or run (its newest decision), or `last`
    #[arg(default_value = "last")]
    decision: String,
}

impl Explain {
    /// Tells it.
    ///
    /// # Errors
    /// Not found; or the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let number = self.decision.parse::<u64>().ok();
        let wanted = |line: &AuditLine| {
            self.decision == "last" || number == Some(line.n) || (number.is_none() && line.names(&self.decision))
        };
        let Some(line) = context.audit()?.find(wanted) else {
            let what = words::clean(&self.decision);
            return Err(CommandError::NotFound(format!("no decision about {what:?} is kept; `baton log` lists them")));
        };
        print::lines(&words::clean_lines(&sentences(&line, &context)))
    }
}

fn sentences(line: &AuditLine, context: &Context) -> String {
    let head = format!("decision {} at {}", line.n, words::local(&line.at, &context.now()));
    let request = line.request.as_ref().and_then(|raw| serde_json::from_str::<Request>(raw.get()).ok());
    let decision = line.decision.as_ref().and_then(|raw| serde_json::from_str::<Decision>(raw.get()).ok());
    let (seen, changed) = match (&request, &decision) {
        (Some(request), Some(decision)) => (seen(request), changed(decision)),
        _ => (format!("{} (what was seen is not kept).", line.asked.what), kept_changes(line)),
    };
    let mut lines = vec![head, words::wrap("  seen:    ", &seen)];
    lines.extend(rules(line).iter().map(|rule| words::wrap("  rule:    ", rule)));
    lines.push(words::wrap("  changed: ", &changed));
    lines.join("\n") + "\n"
}

fn seen(request: &Request) -> String {
    let snapshot = &request.snapshot;
    let asked = match &request.ask {
        Ask::Event(event) => {
            let name = serde_json::to_string(&event.name).unwrap_or_default().replace('"', "");
            let process = event
                .process
                .as_ref()
                .map_or_else(|| "an unknown process".to_owned(), |process| format!("pid {}", process.pid));
            format!("{} {name} from {process} in {}", event.agent, words::pane(&event.pane))
        }
        Ask::Command(command) => format!("a command on run {}", command.run()),
    };
    let session = match &snapshot.session {
        Reading::Absent if matches!(request.ask, Ask::Command(_)) => String::new(),
        Reading::Absent => ", of no known session".to_owned(),
        Reading::Unreadable => ", of a session whose record cannot be read".to_owned(),
        Reading::Deleted => ", of a session that a person deleted".to_owned(),
        Reading::Live(session) | Reading::Archived(session) => {
            format!(", of a session with {}", words::count(session.launches.len(), "launch", "launches"))
        }
    };
    let gone =
        snapshot.probes.iter().filter(|probe| !matches!(probe.sight, Sight::Running | Sight::Unreadable)).count();
    let alive = snapshot.probes.iter().filter(|probe| probe.sight == Sight::Running).count();
    format!(
        "{asked}{session}; {}, {alive} alive and {gone} gone.",
        words::count(snapshot.probes.len(), "process looked at", "processes looked at")
    )
}

/// What stands in the audit where the core decided nothing.
const ACTS: [(&str, &str); 3] = [
    ("core_failed", "The core gave no decision, which is a fault of baton."),
    ("decision_refused", "The core's decision was not believed, which is a fault of baton."),
    ("state_restored", "The state was put back from a copy, so the number of every unfinished run grew."),
];

fn rules(line: &AuditLine) -> Vec<String> {
    let word = |word: &String| {
        let reason = Reason::ALL.iter().find(|reason| reason.word() == word.as_str());
        let own = ACTS.iter().find(|(act, _)| act == word).map(|(_, sentence)| *sentence);
        reason.map(|reason| reason.sentence()).or(own).map_or_else(|| word.clone(), |row| format!("{word}: {row}"))
    };
    std::iter::once(&line.reason).chain(&line.also).map(word).collect()
}

fn changed(decision: &Decision) -> String {
    let mut parts: Vec<String> = decision
        .changes
        .iter()
        .map(|change| match &change.record {
            Record::Session(session) => {
                let verb = if change.before.is_none() { "registered" } else { "written" };
                format!("session {verb} (revision {})", session.revision)
            }
            Record::Run(run) => format!(
                "run {} {}, owned by pid {} with number {}, at iteration {}",
                run.id,
                run.status.name(),
                run.owner.process.pid,
                run.fence,
                run.iteration
            ),
        })
        .collect();
    parts.extend(decision.tell.iter().map(|tell| {
        match tell {
            tell if is_iterated(tell) => "the agent was given its prompt again",
            Tell::Transferred { .. } => "the model and the person were told",
            Tell::OwnerElsewhere { .. } | Tell::Interrupted { .. } | Tell::Loop { .. } | Tell::SeveralRuns { .. } => {
                "the person was told"
            }
            Tell::LastTurn { .. } => "the model was told how the turn before stands",
        }
        .to_owned()
    }));
    if parts.is_empty() { "nothing.".to_owned() } else { parts.join("; ") + "." }
}

fn kept_changes(line: &AuditLine) -> String {
    let parts: Vec<String> = line
        .changes
        .iter()
        .map(|change| format!("{} {} (revision {})", change.kind, change.id, change.after))
        .collect();
    if parts.is_empty() { "nothing.".to_owned() } else { parts.join("; ") + "." }
}
