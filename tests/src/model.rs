//! Checks what must be true of one run, whoever raced for it. The model is simple enough to be seen to be right.

use std::time::Instant;

use agent_baton_core::run::{Run, Status};

/// An attempt to change the run.
#[derive(Debug, Clone)]
pub struct Try {
    /// What was attempted.
    pub what: What,
    /// When the call began.
    pub begun: Instant,
    /// When it had ended.
    pub ended: Instant,
    /// Its exit status.
    pub code: Option<i32>,
}

/// What can be attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// To write this phase. No other attempt writes the same one.
    Write(String),
    /// To cancel it.
    Cancel,
    /// To become its owner. If it succeeds, with this fence.
    Own(Option<u64>),
}

impl Try {
    fn holds(&self) -> bool {
        self.code == Some(0)
    }
}

/// Checks the versions of a run's record, in the order of their commits, against the results that its callers got.
///
/// # Panics
/// Panics if a rule is violated.
pub fn check(versions: &[Run], tries: &[Try]) {
    let context = || format!("{versions:#?}\n{tries:#?}");
    for pair in versions.windows(2) {
        let [old, new] = pair else { continue };
        assert_eq!(new.revision, old.revision + 1, "a version is missing, or was made twice: {}", context());
        let same_owner = (&new.owner.session, &new.owner.process) == (&old.owner.session, &old.owner.process);
        assert_eq!(
            new.fence.0,
            old.fence.0 + u64::from(!same_owner),
            "the fence does not count the owners: {}",
            context()
        );
        assert_ne!(old.status, Status::Cancelled, "a version after the cancel: {}", context());
    }
    let place = |phase: &str| versions.iter().position(|version| version.phase.as_deref() == Some(phase));
    for one in tries {
        match &one.what {
            What::Write(phase) => {
                assert_eq!(
                    place(phase).is_some(),
                    one.holds(),
                    "{phase}: what was acknowledged holds, else nothing: {}",
                    context()
                );
            }
            What::Own(Some(fence)) => {
                assert!(versions.iter().any(|version| version.fence.0 == *fence), "{fence} was given: {}", context());
            }
            What::Own(None) => assert!(!one.holds(), "{}", context()),
            What::Cancel if one.holds() => {
                let later = tries.iter().find(|later| later.holds() && later.begun > one.ended);
                assert!(later.is_none(), "after the cancel: {later:?} {}", context());
                assert_eq!(versions.last().map(|version| version.status), Some(Status::Cancelled), "{}", context());
            }
            What::Cancel => {}
        }
    }
    let writes = || {
        tries.iter().filter(|one| one.holds()).filter_map(|one| match &one.what {
            What::Write(phase) => Some((one, place(phase))),
            _ => None,
        })
    };
    for (first, at) in writes() {
        for (second, after) in writes().filter(|(second, _)| second.begun > first.ended) {
            assert!(at < after, "{first:?} was there before {second:?}: {}", context());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// Returns a version with a phase, an owner and a fence. `over` means that it is cancelled.
    fn version(revision: u64, phase: &str, pid: u32, fence: u64, over: bool) -> Run {
        let stamp = json!({"unix_ms": 5, "boot": "b", "boot_ms": 5});
        let process = json!({"pid": pid, "start": 7, "boot": "b", "machine": "m", "pidns": 1});
        let owner = json!({"agent": "claude", "session": "a", "process": process, "pane": {"mux": "unknown"}});
        let status = if over { "cancelled" } else { "active" };
        serde_json::from_value(
            json!({"id": "r1", "revision": revision, "name": "demo", "status": status, "phase": phase,
            "iteration": 0, "max_iterations": null, "owner": owner, "fence": fence, "project": null, "created": stamp,
            "updated": stamp, "history": [], "finished": null, "stop_reason": null}),
        )
        .unwrap()
    }

    fn write(phase: &str, at: u64, code: i32) -> Try {
        attempt(What::Write(phase.to_owned()), at, code)
    }

    fn attempt(what: What, at: u64, code: i32) -> Try {
        let begun = Instant::now() + Duration::from_secs(at);
        Try { what, begun, ended: begun, code: Some(code) }
    }

    #[track_caller]
    fn holds(expected: bool, versions: &[Run], tries: &[Try]) {
        assert_eq!(std::panic::catch_unwind(|| check(versions, tries)).is_ok(), expected);
    }

    #[test]
    fn what_must_not_be_is_seen() {
        let v = version;
        let good = [v(1, "-", 1, 1, false), v(2, "x", 1, 1, false), v(3, "y", 2, 2, false), v(4, "y", 2, 2, true)];
        holds(true, &good, &[write("x", 1, 0), write("y", 2, 0), write("z", 3, 3), attempt(What::Cancel, 4, 0)]);
        // An acknowledged write is lost. A refused write was done. A write overtook an earlier one.
        holds(false, &good, &[write("z", 1, 0)]);
        holds(false, &good, &[write("x", 1, 3)]);
        holds(false, &good, &[write("y", 1, 0), write("x", 2, 0)]);
        // A write succeeded after a cancel.
        holds(false, &good, &[attempt(What::Cancel, 1, 0), write("x", 2, 0)]);
        holds(false, &good[..3], &[attempt(What::Cancel, 4, 0)]);
        holds(false, &[v(1, "-", 1, 1, true), v(2, "-", 1, 1, false)], &[]);
        // An owner without a fence, a fence without an owner, and a missing version.
        holds(false, &[v(1, "-", 1, 1, false), v(2, "-", 2, 1, false)], &[]);
        holds(false, &[v(1, "-", 1, 1, false), v(2, "-", 1, 2, false)], &[]);
        holds(false, &[v(1, "-", 1, 1, false), v(3, "-", 1, 1, false)], &[]);
        holds(false, &good, &[attempt(What::Own(Some(9)), 1, 0)]);
    }
}
