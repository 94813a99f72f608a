//! How a row of a restored database and what a machine knows of the run become one.

use agent_baton_core::run::{Run, Status};

use super::{PER_EPOCH, RunRow};

/// What is later: the row, or what a machine knows.
pub(super) struct Merge {
    /// The fence that the machine knows, without what recoveries added to it.
    pub(super) fence: u64,
    /// The revision that the machine knows, with all that recoveries added to the row.
    pub(super) revision: u64,
    /// What recoveries added to the row.
    raised: u64,
    /// What all recoveries of this database add.
    all_raises: u64,
    /// Whether the machine knows a later owner.
    pub(super) has_later_owner: bool,
    is_later: bool,
}

impl Merge {
    /// Compares a row with what a machine knows. The machine's copy may have been refreshed after some of the recoveries that
    /// the row has seen.
    pub(super) fn new(row: &RunRow, known: &Run, all_raises: u64) -> Self {
        let raised = row.run.fence.0 - row.base_fence;
        let above = known.fence.0.saturating_sub(row.base_fence);
        let has = raised.min(above / PER_EPOCH * PER_EPOCH);
        let (fence, revision) = (known.fence.0 - has, revision(known) + raised - has);
        Self {
            fence,
            revision,
            raised,
            all_raises,
            has_later_owner: fence > row.base_fence,
            is_later: (fence, revision) > (row.base_fence, self::revision(&row.run)),
        }
    }

    /// Returns the run: what was written later, the higher iteration, and an end if either has one. A cancelled run stays
    /// cancelled. It has the row's revision.
    pub(super) fn run(&self, row: &Run, known: &Run) -> Run {
        let mut run = if self.is_later { known.clone() } else { row.clone() };
        run.fence = row.fence;
        if self.has_later_owner {
            run.fence.0 = self.fence + self.raised;
        } else if known.fence == row.fence && known.owner.process != row.owner.process {
            // The recovery left this row alone, because its run has ended, and the copy has another owner with the same fence.
            run.fence.0 += self.all_raises;
        }
        if let (Some(fleet), Some(of_row)) = (run.fleet.as_mut(), &row.fleet) {
            fleet.revision = of_row.revision;
            // One fence has one owner.
            if !self.has_later_owner {
                fleet.machine.clone_from(&of_row.machine);
                run.owner.clone_from(&row.owner);
            }
        }
        run.iteration = row.iteration.max(known.iteration);
        let ended = |run: &&Run| !run.status.is_unfinished();
        let cancelled = |run: &&Run| run.status == Status::Cancelled;
        let both = [row, known];
        if let Some(end) = both.into_iter().find(cancelled).or_else(|| both.into_iter().find(ended)) {
            run.status = end.status;
            run.finished.clone_from(&end.finished);
            run.stop_reason.clone_from(&end.stop_reason);
        }
        run
    }
}

/// Returns the revision of the row that a record has.
pub(super) fn revision(run: &Run) -> u64 {
    run.fleet.as_ref().map_or(0, |fleet| fleet.revision)
}
