//! The changes of a decision that concern rows of the fleet.

use agent_baton_core::decision::Record;
use agent_baton_core::id::MachineId;
use agent_baton_core::run::Run;
use baton_engine::outcome::Outcome;
use baton_fleet_protocol::{Row, RowWrite, to_row_record};
use baton_store::LockedStore;

/// A change of a fleet run.
pub(crate) struct RowChange<'o> {
    /// The copy before, or `None` for a new run.
    pub(crate) before: Option<&'o Run>,
    /// The copy after.
    pub(crate) after: &'o Run,
}

impl RowChange<'_> {
    /// Returns whether only the run's progress changed: what its owner may change while it cannot ask.
    pub(crate) fn is_progress(&self) -> bool {
        let Some(before) = self.before else { return false };
        let mut progressed = before.clone();
        progressed.revision = self.after.revision;
        progressed.phase.clone_from(&self.after.phase);
        progressed.iteration = self.after.iteration;
        progressed.loop_state.clone_from(&self.after.loop_state);
        progressed.owner.pane.clone_from(&self.after.owner.pane);
        progressed.updated.clone_from(&self.after.updated);
        progressed == *self.after
    }

    /// Returns whether the run has another owner than before.
    pub(crate) fn has_new_owner(&self) -> bool {
        let owner = |run: &Run| (run.owner.session.clone(), run.owner.process.clone());
        self.before.is_none_or(|before| owner(before) != owner(self.after) || before.fence != self.after.fence)
    }
}

/// Returns the changes of fleet runs in a decision.
pub(crate) fn changes_of(outcome: &Outcome) -> Vec<RowChange<'_>> {
    let before = |run: &Run| {
        let named = outcome.request.snapshot.runs.iter().find(|named| named.id == run.id.as_str());
        named.and_then(|named| named.reading.record())
    };
    let runs = outcome.decision.changes.iter().filter_map(|change| match &change.record {
        Record::Run(run) if run.fleet.is_some() => Some(&**run),
        Record::Run(_) | Record::Session(_) => None,
    });
    runs.map(|after| RowChange { before: before(after), after }).collect()
}

/// Gives the changed copies the revisions of the rows that are about to be written, and returns the rows. A new owner is on
/// this machine, because a decision never gives a run to another one.
pub(crate) fn stamp(outcome: &mut Outcome, here: &MachineId, rows: &[Row]) -> Vec<RowWrite> {
    let new_owners: Vec<_> = changes_of(outcome)
        .iter()
        .filter(|change| change.has_new_owner())
        .map(|change| change.after.id.clone())
        .collect();
    let mut writes = Vec::new();
    for change in &mut outcome.decision.changes {
        let Record::Run(run) = &mut change.record else { continue };
        let Some(fleet) = &mut run.fleet else { continue };
        let row = rows.iter().find(|row| row.run.id == run.id);
        if new_owners.contains(&run.id) {
            fleet.machine = Some(here.clone());
        }
        fleet.revision = fleet.revision.saturating_add(1);
        let revision = |row: &Row| row.run.fleet.as_ref().map_or(0, |fleet| fleet.revision);
        let before = row.map(|row| (revision(row), row.version));
        let base_name = || run.project.as_ref()?.rsplit('/').next().map(str::to_owned);
        let directory = row.and_then(|row| row.directory.clone()).or_else(base_name);
        writes.push(RowWrite { before, run: to_row_record(run), directory });
    }
    writes
}

/// Returns whether the records that a decision changes are still as they were read, after the lock was released.
pub(crate) fn is_still_current(locked: &LockedStore<'_>, outcome: &Outcome) -> bool {
    let view = locked.view();
    outcome.decision.changes.iter().all(|change| {
        let revision = match &change.record {
            Record::Run(run) => view.run(&run.id).record().map(|run| run.revision),
            Record::Session(session) => view.session(&session.id).record().map(|session| session.revision),
        };
        revision == change.before
    })
}
