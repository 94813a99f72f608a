//! Decides what an event in a project with protected files must do.
//!
//! |  | no other session is present | others are present, or might be |
//! | --- | --- | --- |
//! | a session enters, `Idle` | save | report that it is too late to save |
//! | a session enters, `Saved` or `Restoring` | restore, then save | nothing |
//! | a session leaves, `Saved` or `Restoring` | restore | nothing |
//!
//! A session that leaves an `Idle` project has nothing to do.

use agent_baton_core::process::Live;

use super::state::ProtectionState;

/// What an event must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Save the files.
    Save,
    /// Restore the files.
    Restore,
    /// Undo what lost sessions changed, then save.
    RestoreThenSave,
    /// Report that the files were not saved: they may already hold changes of the sessions that are present.
    TooLate,
}

/// Returns what to do when a launch enters. `others` says whether another launch is present. An unknown one counts as
/// present.
#[must_use]
pub const fn on_enter(state: &ProtectionState, others: Live) -> Action {
    match (others, state) {
        (Live::No, ProtectionState::Idle) => Action::Save,
        (Live::No, ProtectionState::Saved(_) | ProtectionState::Restoring { .. }) => Action::RestoreThenSave,
        (Live::Yes | Live::Unknown, ProtectionState::Idle) => Action::TooLate,
        (Live::Yes | Live::Unknown, _) => Action::None,
    }
}

/// Returns what to do when a launch leaves, even if it never entered.
#[must_use]
pub const fn on_exit(state: &ProtectionState, others: Live) -> Action {
    match (others, state) {
        (Live::No, ProtectionState::Saved(_) | ProtectionState::Restoring { .. }) => Action::Restore,
        _ => Action::None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::entry::Digest;
    use super::super::state::Backup;
    use super::*;

    #[test]
    fn the_first_saves_and_the_last_restores() {
        let saved = || Backup { number: 1, sha256: Digest::of(b"") };
        let states = [
            ProtectionState::Idle,
            ProtectionState::Saved(saved()),
            ProtectionState::Restoring { saved: saved(), seen: BTreeMap::new() },
        ];
        let expected = [
            (
                Live::No,
                [Action::Save, Action::RestoreThenSave, Action::RestoreThenSave],
                [Action::None, Action::Restore, Action::Restore],
            ),
            (Live::Yes, [Action::TooLate, Action::None, Action::None], [Action::None; 3]),
            (Live::Unknown, [Action::TooLate, Action::None, Action::None], [Action::None; 3]),
        ];
        for (others, coming, leaving) in expected {
            for ((state, coming), leaving) in states.iter().zip(coming).zip(leaving) {
                assert_eq!(
                    (on_enter(state, others), on_exit(state, others)),
                    (coming, leaving),
                    "{others:?} {state:?}"
                );
            }
        }
    }
}
