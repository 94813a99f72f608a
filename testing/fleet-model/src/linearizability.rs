//! A checker of linearizability for the owner of one run, after Wing and Gong, with memoisation after Lowe.
//!
//! A history is linearizable if its operations can be put in one order in which each operation lies between its call and its answer,
//! and each answer is the one that a single register gives. An operation whose outcome is unknown may lie anywhere after its call, or
//! nowhere.

use std::collections::{BTreeMap, HashSet};

/// The owner of a run: its fence and a number for the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ownership {
    /// The fence. 0 stands for a run that has no row yet.
    pub fence: u64,
    /// The owner.
    pub owner: u64,
}

/// What an operation did, and what it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It writes an ownership if the run has the expected fence.
    Take {
        /// The expected fence.
        expected: u64,
        /// The new ownership.
        next: Ownership,
        /// Whether it was written, or `None` if that is unknown.
        done: Option<bool>,
    },
    /// It reads the ownership.
    Read(Ownership),
    /// It makes someone the owner with a fence that is one higher, whoever owned the run. Whoever owns it already may keep the fence.
    Acquire {
        /// The new owner.
        owner: u64,
        /// The fence with which they own the run afterwards, or `None` if it is unknown whether they do.
        fence: Option<u64>,
    },
    /// It asks whether the run has this ownership.
    Verify {
        /// What it asks about.
        asked: Ownership,
        /// The answer.
        holds: bool,
    },
    /// It ends the run, which belongs to [`ENDED`] from then on.
    End {
        /// Whether that happened, or `false` if it is unknown.
        done: bool,
    },
}

/// One operation of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The run.
    pub run: u64,
    /// When it was called.
    pub called: u64,
    /// When it was answered, or `None` if it never was.
    pub answered: Option<u64>,
    /// What it did.
    pub action: Action,
}

/// The ownership of a run before its first operation.
pub const NO_OWNER: Ownership = Ownership { fence: 0, owner: 0 };

/// The owner of a run that has ended. Its ownership does not change again.
pub const ENDED: u64 = u64::MAX;

/// The maximum number of operations on one run.
pub const MAX_OPERATIONS: usize = 128;

/// Checks a history, each run for itself.
///
/// # Errors
/// Returns the operations on the first run for which no order exists. Refuses a run with more than [`MAX_OPERATIONS`], too.
pub fn check(history: &[Operation]) -> Result<(), Vec<Operation>> {
    let mut runs: BTreeMap<u64, Vec<Operation>> = BTreeMap::new();
    for operation in history {
        runs.entry(operation.run).or_default().push(*operation);
    }
    runs.into_values().try_for_each(|run| if has_order(&run) { Ok(()) } else { Err(run) })
}

fn has_order(run: &[Operation]) -> bool {
    if run.len() > MAX_OPERATIONS {
        return false;
    }
    let required = (0..run.len()).filter(|index| is_known(&run[*index])).fold(0_u128, |set, index| set | 1 << index);
    let mut seen = HashSet::new();
    let mut next = vec![(0_u128, NO_OWNER)];
    while let Some((done, now)) = next.pop() {
        if done & required == required {
            return true;
        }
        if !seen.insert((done, now)) {
            continue;
        }
        // No operation can come after one that was called only when it had been answered.
        let open = |index: &usize| done & (1 << index) == 0;
        let first_answer =
            (0..run.len()).filter(open).filter_map(|index| run[index].answered).min().unwrap_or(u64::MAX);
        for index in (0..run.len()).filter(open).filter(|index| run[*index].called <= first_answer) {
            next.extend(apply(now, run[index].action).map(|after| (done | 1 << index, after)));
        }
    }
    false
}

/// Returns whether an operation must be in the order.
const fn is_known(operation: &Operation) -> bool {
    !matches!(
        operation.action,
        Action::Take { done: None, .. } | Action::Acquire { fence: None, .. } | Action::End { done: false }
    )
}

/// Returns the register after an operation, or `None` if the register does not answer so.
fn apply(now: Ownership, action: Action) -> Option<Ownership> {
    match action {
        Action::Read(read) => (read == now).then_some(now),
        Action::Take { expected, next, done } => {
            let fits = expected == now.fence;
            match done {
                Some(done) if done != fits => None,
                _ => Some(if fits { next } else { now }),
            }
        }
        Action::Acquire { owner, fence } => {
            let next = Ownership { fence: now.fence + 1, owner };
            match fence {
                Some(fence) if now == (Ownership { fence, owner }) => Some(now),
                Some(fence) if fence != next.fence => None,
                _ => (now.owner != ENDED).then_some(next),
            }
        }
        Action::Verify { asked, holds } => ((asked == now) == holds).then_some(now),
        Action::End { .. } => Some(Ownership { owner: ENDED, ..now }),
    }
}
