//! Raises the fences after the state directory was restored from a copy.
//!
//! Since the copy was made, a run may have changed its owner, and that owner may have a fence above the copy's. So the
//! fence of every unfinished run is raised by more than the number of transfers that any run has in practice. No fence
//! is then given out twice. The fence of a fleet run is its row's, so it stays.

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::fence::Fence;
use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::records;
use crate::state_dir::layout::{self, Layout};

/// How much the fences are raised.
pub(crate) const FENCE_BUMP: u64 = 1000;

/// Returns the live runs after `after`, in the order of their ids. Recovery visits each run once, however often it is
/// interrupted.
pub(crate) fn runs(layout: &Layout, after: Option<&RunId>) -> Result<Vec<RunId>, StoreError> {
    let names = file::list_names(&layout.runs(Location::Live))?;
    let mut ids: Vec<RunId> = layout::ids(&names).filter(|id| after.is_none_or(|after| id > after)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// The changes that raise the fences of some runs.
#[derive(Default)]
pub(crate) struct FenceBumps {
    /// The changed records.
    pub(crate) changes: Vec<Change>,
    /// The runs that cannot be read and were not changed.
    pub(crate) unread: Vec<(RunId, StoreError)>,
}

/// Returns the changes that raise the fences of these runs.
pub(crate) fn plan_bumps(layout: &Layout, ids: &[RunId], now: &Timestamp) -> FenceBumps {
    let mut bumps = FenceBumps::default();
    for id in ids {
        match read(layout, id) {
            Ok(Some(run)) if run.status.is_unfinished() && run.fleet.is_none() => bumps.changes.push(bump(run, now)),
            Ok(_) => {}
            Err(error) => bumps.unread.push((id.clone(), error)),
        }
    }
    bumps
}

fn read(layout: &Layout, id: &RunId) -> Result<Option<Run>, StoreError> {
    let target = records::target(Location::Live, &crate::index::lookup::RecordId::Run(id.clone()));
    file::read(&layout.target(&target).1, file::MAX_RECORD)?
        .map(|bytes| records::parse(layout, Location::Live, id, &bytes))
        .transpose()
}

fn bump(mut run: Run, now: &Timestamp) -> Change {
    let before = Some(run.revision);
    run.revision = run.revision.saturating_add(1);
    run.fence = Fence(run.fence.0.saturating_add(FENCE_BUMP));
    run.updated = now.clone();
    Change { before, to: Location::Live, record: Record::Run(Box::new(run)) }
}
