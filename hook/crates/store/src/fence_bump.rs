//! A state that was put back from a copy.
//!
//! Between the copy and now a run may have changed hands, and its owner may hold a number above the copy's. Every
//! unfinished run's fence grows by more than any run is handed over in practice, so that no number is given out twice.

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::fence::Fence;
use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::records;
use crate::state_dir::layout::{self, Layout};

/// By how much the fences grow.
pub(crate) const FENCE_BUMP: u64 = 1000;

/// The live runs behind `after` in the order of ids: each is looked at once, however often the raising is cut off.
pub(crate) fn runs(layout: &Layout, after: Option<&RunId>) -> Result<Vec<RunId>, StoreError> {
    let names = file::list_names(&layout.runs(Location::Live))?;
    let mut ids: Vec<RunId> = layout::ids(&names).filter(|id| after.is_none_or(|after| id > after)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// What the fences of some runs need.
#[derive(Default)]
pub(crate) struct FenceBumps {
    /// The changes that make them grow.
    pub(crate) changes: Vec<Change>,
    /// Runs that cannot be read, and are left as they are.
    pub(crate) unread: Vec<(RunId, StoreError)>,
}

/// Looks at these runs.
pub(crate) fn plan_bumps(layout: &Layout, ids: &[RunId], now: &Timestamp) -> FenceBumps {
    let mut bumps = FenceBumps::default();
    for id in ids {
        match read(layout, id) {
            Ok(Some(run)) if run.status.is_unfinished() => bumps.changes.push(bump(run, now)),
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
