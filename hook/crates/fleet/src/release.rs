//! Takes copies out of their fleet, because no row will decide about them again.

use agent_baton_core::decision::Record;
use agent_baton_core::fleet::ReleaseCause;
use agent_baton_core::id::RunId;
use agent_baton_core::request::Command;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_engine::decide::{DecisionError, DecisionService};
use baton_engine::outcome::Outcome;
use baton_store::LockedStore;

/// Takes the copies of these runs out of their fleet, each in a commit of its own. Returns the runs that were abandoned by that.
/// It can be repeated.
///
/// # Errors
/// See [`DecisionError`]. What was committed before stands.
pub fn release(
    service: &DecisionService<'_>,
    locked: &mut LockedStore<'_>,
    runs: &[RunId],
    cause: ReleaseCause,
    now: &Timestamp,
) -> Result<Vec<Run>, DecisionError> {
    let commands = runs.iter().map(|run| Command::Release { run: run.clone(), cause }).collect();
    let outcomes = service.refresh_copies(locked, commands, now)?;
    Ok(outcomes.iter().flat_map(abandoned).cloned().collect())
}

/// Returns the runs that a release abandoned. One that was abandoned before is not among them.
fn abandoned(outcome: &Outcome) -> impl Iterator<Item = &Run> {
    let was_unfinished = |run: &Run| {
        let named = outcome.request.snapshot.runs.iter().find(|named| named.id == run.id.as_str());
        named.and_then(|named| named.reading.record()).is_some_and(|run| run.status.is_unfinished())
    };
    outcome.decision.changes.iter().filter_map(move |change| match &change.record {
        Record::Run(run) if was_unfinished(run) => Some(&**run),
        Record::Run(_) | Record::Session(_) => None,
    })
}
