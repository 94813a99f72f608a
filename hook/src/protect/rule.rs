//! First in, last out: who saves and who gives back.

use agent_baton_core::process::Live;

use super::record::State;

/// What a launch that comes in, or leaves, has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Nothing but to be noted.
    None,
    /// Save the files.
    Save,
    /// Give the files back.
    GiveBack,
    /// Give back what sessions left that are lost, then save.
    GiveBackThenSave,
    /// Nothing: the files were never saved, and now they may be the sessions'.
    TooLate,
}

/// What a launch has to do that comes in. `others` says whether any other launch is there; one that is not known counts as there.
#[must_use]
pub const fn comes_in(state: &State, others: Live) -> Duty {
    match (others, state) {
        (Live::No, State::Idle) => Duty::Save,
        (Live::No, State::Saved(_) | State::GivingBack { .. }) => Duty::GiveBackThenSave,
        (Live::Yes | Live::Unknown, State::Idle) => Duty::TooLate,
        (Live::Yes | Live::Unknown, _) => Duty::None,
    }
}

/// What a launch has to do that leaves, whether it ever came in or not.
#[must_use]
pub const fn leaves(state: &State, others: Live) -> Duty {
    match (others, state) {
        (Live::No, State::Saved(_) | State::GivingBack { .. }) => Duty::GiveBack,
        _ => Duty::None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::node::Digest;
    use super::super::record::Saved;
    use super::*;

    #[test]
    fn the_first_saves_and_the_last_gives_back() {
        let saved = || Saved { backup: 1, sha256: Digest::of(b"") };
        let states = [State::Idle, State::Saved(saved()), State::GivingBack { saved: saved(), seen: BTreeMap::new() }];
        let expected = [
            (
                Live::No,
                [Duty::Save, Duty::GiveBackThenSave, Duty::GiveBackThenSave],
                [Duty::None, Duty::GiveBack, Duty::GiveBack],
            ),
            (Live::Yes, [Duty::TooLate, Duty::None, Duty::None], [Duty::None; 3]),
            (Live::Unknown, [Duty::TooLate, Duty::None, Duty::None], [Duty::None; 3]),
        ];
        for (others, coming, leaving) in expected {
            for ((state, coming), leaving) in states.iter().zip(coming).zip(leaving) {
                assert_eq!((comes_in(state, others), leaves(state, others)), (coming, leaving), "{others:?} {state:?}");
            }
        }
    }
}
