//! A state that was put back from a copy.
//!
//! Between the copy and now a run may have changed hands, and its owner may hold a number above the copy's. Every
//! unfinished run's fence grows by more than any run is handed over in practice, so that no number is given out twice.

use agent_baton_core::decision::{Change, Record, Shelf};
use agent_baton_core::fence::Fence;
use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;
use agent_baton_core::stamp::Stamp;

use super::error::StoreError;
use super::file;
use super::layout::{self, Layout};
use super::record;

/// By how much the fences grow.
pub(super) const GROWTH: u64 = 1000;

/// The live runs behind `after` in the order of ids: each is looked at once, however often the raising is cut off.
pub(super) fn runs(layout: &Layout, after: Option<&RunId>) -> Result<Vec<RunId>, StoreError> {
    let names = file::names(&layout.runs(Shelf::Live))?;
    let mut ids: Vec<RunId> = layout::ids(&names).filter(|id| after.is_none_or(|after| id > after)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// What the fences of some runs need.
#[derive(Default)]
pub(super) struct Growth {
    /// The changes that make them grow.
    pub(super) changes: Vec<Change>,
    /// Runs that cannot be read, and are left as they are.
    pub(super) unread: Vec<(RunId, StoreError)>,
}

/// Looks at these runs.
pub(super) fn growth(layout: &Layout, ids: &[RunId], now: &Stamp) -> Growth {
    let mut growth = Growth::default();
    for id in ids {
        match read(layout, id) {
            Ok(Some(run)) if run.status.is_unfinished() => growth.changes.push(grow(run, now)),
            Ok(_) => {}
            Err(error) => growth.unread.push((id.clone(), error)),
        }
    }
    growth
}

fn read(layout: &Layout, id: &RunId) -> Result<Option<Run>, StoreError> {
    let target = record::target(Shelf::Live, &super::links::Id::Run(id.clone()));
    file::read(&layout.target(&target).1, file::MAX_RECORD)?
        .map(|bytes| record::parse(layout, Shelf::Live, id, &bytes))
        .transpose()
}

fn grow(mut run: Run, now: &Stamp) -> Change {
    let before = Some(run.revision);
    run.revision = run.revision.saturating_add(1);
    run.fence = Fence(run.fence.0.saturating_add(GROWTH));
    run.updated = now.clone();
    Change { before, to: Shelf::Live, record: Record::Run(Box::new(run)) }
}
