//! The outcome of a command, and its description for a user.

use agent_baton_core::decision::{Decision, Record};
use agent_baton_core::process::Live;
use agent_baton_core::request::{Input, Named, Request};
use agent_baton_core::run::Run;
use baton_display::{format_local, pane_label, strip_control_chars};
use baton_fleet_client::{OwnerWord, WordStanding};

use super::Context;
use super::owner_elsewhere::{describe_former_owner, describe_owner_elsewhere};

/// The outcome of a command.
pub struct Outcome {
    /// The request.
    pub request: Request,
    /// The answer. Its changes are committed.
    pub decision: Decision,
    /// What the fleet says about the owner, if it is on another machine.
    pub elsewhere: Option<OwnerWord>,
    /// Whether the fleet's database was asked to store a change, and nobody knows yet whether it did.
    pub in_doubt: bool,
}

impl Outcome {
    /// Returns the run that was changed or asked about.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        let changed = self.decision.changes.iter().find_map(|change| match &change.record {
            Record::Run(run) => Some(run.as_ref()),
            Record::Session(_) => None,
        });
        let Input::Command(command) = &self.request.input else { return changed };
        changed.or_else(|| {
            let named = self.request.snapshot.runs.iter().find(|named| named.id == command.run().as_str());
            named.and_then(|named| named.reading.record())
        })
    }

    /// Describes the run's owner for a user.
    #[must_use]
    pub fn describe_owner(&self, context: &Context) -> String {
        let Some(run) = self.run() else { return "its owner is unknown".to_owned() };
        if let Some(word) = &self.elsewhere {
            return describe_owner_elsewhere(run, word);
        }
        let lives = match context.owner_liveness(&context.liveness_check(), run) {
            Live::Yes => ", which is alive",
            Live::No => ", which is gone",
            Live::Unknown => "",
        };
        let owner = &run.owner;
        let at = format!("pid {} in {}{lives}", owner.process.pid, pane_label(&owner.pane));
        match owner.agent {
            Some(agent) => format!("its owner is {agent} {at}"),
            None => format!("it belongs to a command: {}", context.describe_supervised_command(run)),
        }
    }

    /// Describes the owner from which a user takes the run.
    #[must_use]
    pub fn describe_former_owner(&self, context: &Context) -> String {
        match (self.run(), &self.elsewhere) {
            (Some(run), Some(word)) => describe_former_owner(run, word),
            _ => self.describe_owner(context),
        }
    }

    /// Describes how the run got its fence, for a user: ` moved to pane %3 at 14:02`.
    #[must_use]
    pub fn describe_transfer(&self, context: &Context) -> String {
        let Some(run) = self.run() else { return String::new() };
        let last = run.history.last();
        if run.fleet.is_some() && run.fence.0 > 1 && last.is_none_or(|last| last.fence != run.fence) {
            return " got a new fence when the fleet's database was restored from an older copy".to_owned();
        }
        let Some(last) = last else { return String::new() };
        let at = format_local(&last.at, &context.now());
        match &self.elsewhere {
            Some(word) if matches!(word.standing, WordStanding::HandedOver | WordStanding::PickedUp) => {
                format!(" was handed over at {at}: {}", describe_owner_elsewhere(run, word))
            }
            Some(word) => format!(" moved to the machine {} at {at}", strip_control_chars(&word.name)),
            None => format!(" moved to {} at {at}", pane_label(&run.owner.pane)),
        }
    }

    /// Returns the unfinished runs of the session in the request.
    #[must_use]
    pub fn other_runs(&self) -> Vec<&Run> {
        let runs = self.request.snapshot.runs.iter().filter_map(|Named { reading, .. }| reading.record());
        let session = self.request.snapshot.session.record();
        runs.filter(|run| session.is_some_and(|session| session.runs.contains(&run.id))).collect()
    }
}
