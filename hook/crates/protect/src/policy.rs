//! First in, last out: who saves and who gives back.

use agent_baton_core::process::Live;

use super::state::ProtectionState;

/// What a launch that comes in, or leaves, has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing but to be noted.
    None,
    /// Save the files.
    Save,
    /// Give the files back.
    Restore,
    /// Give back what sessions left that are lost, then save.
    RestoreThenSave,
    /// Nothing: the files were never saved, and now they may be the sessions'.
    TooLate,
}

/// What a launch has to do that comes in. `others` says whether any other launch is there; one that is not known counts as there.
#[must_use]
pub const fn on_enter(state: &ProtectionState, others: Live) -> Action {
    match (others, state) {
        (Live::No, ProtectionState::Idle) => Action::Save,
        (Live::No, ProtectionState::Saved(_) | ProtectionState::Restoring { .. }) => Action::RestoreThenSave,
        (Live::Yes | Live::Unknown, ProtectionState::Idle) => Action::TooLate,
        (Live::Yes | Live::Unknown, _) => Action::None,
    }
}

/// What a launch has to do that leaves, whether it ever came in or not.
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
    fn the_first_saves_and_the_last_gives_back() {
        let saved = || Backup { number: 1, sha256: Digest::from_content(b"") };
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
