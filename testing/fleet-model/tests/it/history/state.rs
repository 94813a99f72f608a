//! A state directory: the records and the fleet's local files.

use std::collections::{BTreeMap, BTreeSet};

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::fence::Fence;
use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::process::Process;
use agent_baton_core::request::{Named, Reading};
use agent_baton_core::run::{Run, Status};
use agent_baton_core::session::{NotificationId, Session};
use baton_fleet_protocol::{Position, Token};

pub type Records<T> = BTreeMap<String, (T, Location)>;

/// `membership.json`.
#[derive(Debug, Clone)]
pub struct Membership {
    pub machine: MachineId,
    /// The current token, and the next one if a rotation may have got through.
    pub tokens: Vec<Token>,
    pub epoch: u64,
    /// The newest position of which this machine knows. Each request shows it, so a database that was restored is noticed before
    /// a newer position replaces this one.
    pub seen: Position,
    /// The boot in which the token was rotated last.
    pub boot: String,
}

/// An entry of `leases.json`.
#[derive(Debug, Clone)]
pub struct Lease {
    pub fence: Fence,
    pub process: Process,
    pub deadline_ms: u64,
    pub boot: String,
    /// The wall clock minus the boot clock.
    pub offset_ms: u64,
}

/// `marker.json`. What follows from it does not depend on the commit's id.
#[derive(Debug, Clone)]
pub struct Marker {
    pub runs: Vec<RunId>,
}

#[derive(Debug, Clone)]
pub struct State {
    pub membership: Membership,
    pub sessions: Records<Session>,
    pub runs: Records<Run>,
    pub leases: BTreeMap<RunId, Lease>,
    pub marker: Option<Marker>,
    /// The loops whose definition is here.
    pub definitions: BTreeSet<RunId>,
    /// The acknowledgements in the sessions' logs, with the process that got the reply.
    pub told: Vec<(String, NotificationId, Process)>,
}

impl State {
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.get(id.as_str()).map(|(run, _)| run)
    }

    pub fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.get(id).map(|(session, _)| session)
    }

    /// Returns whether this machine owns the run, as its copy says.
    pub fn owns(&self, run: &Run) -> bool {
        run.fleet.as_ref().is_some_and(|fleet| fleet.machine.as_ref() == Some(&self.membership.machine))
    }

    pub fn copies(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().map(|(run, _)| run).filter(|run| run.fleet.is_some())
    }

    pub fn see(&mut self, position: &Position) {
        if position.change > self.membership.seen.change {
            self.membership.seen = position.clone();
        }
    }

    /// Writes the changes of a decision, with the host's checks. Returns what they refuse.
    pub fn write(&mut self, changes: &[Change]) -> Result<(), String> {
        for change in changes {
            match &change.record {
                Record::Session(new) => {
                    let before = self.sessions.insert(new.id.to_string(), ((**new).clone(), change.to));
                    follows(before.map(|(session, _)| session.revision), change)?;
                }
                Record::Run(new) => {
                    let before = self.runs.insert(new.id.to_string(), ((**new).clone(), change.to));
                    if let Some((old, _)) = &before {
                        check_run(old, new)?;
                    }
                    follows(before.map(|(run, _)| run.revision), change)?;
                }
            }
        }
        Ok(())
    }
}

fn follows(before: Option<u64>, change: &Change) -> Result<(), String> {
    let fits = before == change.before && change.record.revision() == before.unwrap_or(0) + 1;
    fits.then_some(())
        .ok_or_else(|| format!("{} gets a revision that does not follow from {before:?}", change.record.id()))
}

fn check_run(old: &Run, new: &Run) -> Result<(), String> {
    let given = (&old.owner.session, &old.owner.process) != (&new.owner.session, &new.owner.process);
    if old.status == Status::Cancelled {
        return Err(format!("{} was cancelled and changes", new.id));
    }
    if new.fence < old.fence || (given && new.fence == old.fence) {
        return Err(format!("the copy of {} goes from fence {} to {}, given: {given}", new.id, old.fence, new.fence));
    }
    Ok(())
}

pub fn read<T: Clone>(records: &Records<T>, id: &str) -> Reading<T> {
    match records.get(id) {
        None => Reading::Absent,
        Some((record, Location::Live)) => Reading::Live(record.clone()),
        Some((record, _)) => Reading::Archived(record.clone()),
    }
}

pub fn all<T: Clone>(records: &Records<T>) -> Vec<Named<T>> {
    records.keys().map(|id| Named { id: id.clone(), reading: read(records, id) }).collect()
}
