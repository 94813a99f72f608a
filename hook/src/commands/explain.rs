//! `baton explain`: one decision in three sentences.

use agent_baton_core::decision::{Decision, Notification, Record};
use agent_baton_core::process::{Live, Probe};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Input, Reading, Request};
use agent_baton_core::rules::liveness::from_probe;
use clap::Args;

use super::log::{no_decision_about, note_skipped};
use crate::args::record;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::terminal::Terminal;
use baton_agents::reply::is_iterated;
use baton_display::{format_count, format_local, pane_label, strip_control_chars_by_line};
use baton_store::{AuditAction, AuditLine};

/// Explain one decision: what it saw, which rule applied and what changed.
#[derive(Args)]
pub struct Explain {
    /// Decision number, or `last`, or a session or run (its newest decision): its id or a unique part of it, or its name
    #[arg(default_value = "last")]
    decision: String,
}

impl Explain {
    /// Explains the decision.
    ///
    /// # Errors
    /// Returns an error if no decision matches, or if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let text = self.decision.as_str();
        let mut audit = context.audit()?;
        let line = match text.parse::<u64>() {
            _ if text == "last" => audit.next(),
            Ok(number) => audit.find(|line| line.n == number),
            Err(_) => {
                let ids = record::resolve(&context, text)?;
                audit.find(|line| ids.iter().any(|id| line.names(id)))
            }
        };
        note_skipped(&audit);
        let line = line.ok_or_else(|| match text {
            "last" => CommandError::not_found("no decisions have been recorded yet"),
            _ => no_decision_about(text),
        })?;
        output::print(&strip_control_chars_by_line(&sentences(&line, &context, &Terminal::stdout())))
    }
}

fn sentences(line: &AuditLine, context: &Context, terminal: &Terminal) -> String {
    let head = format!("decision {} at {}", line.n, format_local(&line.at, &context.now()));
    let request = line.request.as_ref().and_then(|raw| serde_json::from_str::<Request>(raw.get()).ok());
    let decision = line.decision.as_ref().and_then(|raw| serde_json::from_str::<Decision>(raw.get()).ok());
    let action = AuditAction::from_word(&line.reason);
    let (seen, changed) = match (&request, &decision) {
        (Some(request), Some(decision)) => (Some(describe_request(request)), describe_changes(decision)),
        // The core saw nothing.
        _ if action.is_some() => (None, describe_audited_changes(line)),
        _ => (Some(format!("{} (the request was not recorded).", line.asked.what)), describe_audited_changes(line)),
    };
    let mut lines = vec![head];
    lines.extend(seen.map(|seen| terminal.wrap("  seen:    ", &seen)));
    lines.extend(
        action.map(|action| terminal.wrap("  action:  ", &format!("{}: {}", action.word(), action.sentence()))),
    );
    lines.extend(describe_rules(line).iter().map(|rule| terminal.wrap("  rule:    ", rule)));
    lines.push(terminal.wrap("  changed: ", &changed));
    lines.join("\n") + "\n"
}

fn describe_request(request: &Request) -> String {
    let snapshot = &request.snapshot;
    let asked = match &request.input {
        Input::Event(event) => {
            let name = serde_json::to_string(&event.name).unwrap_or_default().replace('"', "");
            let process = event
                .process
                .as_ref()
                .map_or_else(|| "an unknown process".to_owned(), |process| format!("pid {}", process.pid));
            format!("{} {name} from {process} in {}", event.agent, pane_label(&event.pane))
        }
        Input::Command(command) => {
            let word = if command.is_forced() { ", forced by its user" } else { "" };
            format!("a command on run {}{word}", command.run())
        }
    };
    let session = match &snapshot.session {
        Reading::Absent if matches!(request.input, Input::Command(_)) => String::new(),
        Reading::Absent => ", of an unknown session".to_owned(),
        Reading::Unreadable => ", of a session whose record cannot be read".to_owned(),
        Reading::Deleted => ", of a session that a user deleted".to_owned(),
        Reading::Live(session) | Reading::Archived(session) => {
            format!(", of a session with {}", format_count(session.launches.len(), "launch", "launches"))
        }
    };
    let seen = launch_liveness(request);
    let count = |live| seen.iter().filter(|seen| **seen == live).count();
    let (gone, alive) = (count(Live::No), count(Live::Yes));
    format!(
        "{asked}{session}; {}: {alive} alive and {gone} gone.",
        format_count(snapshot.probes.len(), "process checked", "processes checked")
    )
}

/// Returns whether each probed launch was alive, by the rule that the core used.
fn launch_liveness(request: &Request) -> Vec<Live> {
    let neighbours = request.snapshot.neighbours.iter().map(|named| &named.reading);
    let sessions = std::iter::once(&request.snapshot.session).chain(neighbours).filter_map(Reading::record);
    let sessions: Vec<_> = sessions.collect();
    let judge = |probe: &Probe| {
        let session = sessions.iter().find(|session| session.id == probe.session)?;
        let launch = session.launch(&probe.process)?;
        Some(from_probe(&request.place, Some(probe), session, launch).live)
    };
    request.snapshot.probes.iter().filter_map(judge).collect()
}

fn describe_rules(line: &AuditLine) -> Vec<String> {
    let word = |word: &String| {
        Reason::from_word(word).map_or_else(|| word.clone(), |reason| format!("{word}: {}", reason.sentence()))
    };
    let words = std::iter::once(&line.reason).chain(&line.also);
    words.filter(|word| AuditAction::from_word(word).is_none()).map(word).collect()
}

fn describe_changes(decision: &Decision) -> String {
    let mut parts: Vec<String> = decision
        .changes
        .iter()
        .map(|change| match &change.record {
            Record::Session(session) => {
                let verb = if change.before.is_none() { "registered" } else { "written" };
                format!("session {verb} (revision {})", session.revision)
            }
            Record::Run(run) => format!(
                "run {} {}, owned by pid {} with fence {}, at iteration {}",
                run.id,
                run.status.name(),
                run.owner.process.pid,
                run.fence,
                run.iteration
            ),
        })
        .collect();
    parts.extend(decision.notifications.iter().map(|tell| {
        match tell {
            tell if is_iterated(tell) => "the agent was given its prompt again",
            Notification::Transferred { .. } => "the model and the user were told",
            Notification::OwnerElsewhere { id, .. } if id.reason == Reason::OwnershipLost => {
                "the model and the user were told"
            }
            Notification::Abandoned { id, .. } if id.reason.releases() => "the model and the user were told",
            Notification::OwnerElsewhere { .. }
            | Notification::Interrupted { .. }
            | Notification::Abandoned { .. }
            | Notification::Loop { .. }
            | Notification::SeveralRuns { .. } => "the user was told",
            Notification::LastTurn { .. } => "the model and the user were told that the previous turn was interrupted",
        }
        .to_owned()
    }));
    if parts.is_empty() { "nothing.".to_owned() } else { parts.join("; ") + "." }
}

fn describe_audited_changes(line: &AuditLine) -> String {
    let parts: Vec<String> = line
        .changes
        .iter()
        .map(|change| format!("{} {} (revision {})", change.kind, change.id, change.after))
        .collect();
    if parts.is_empty() { "nothing.".to_owned() } else { parts.join("; ") + "." }
}
