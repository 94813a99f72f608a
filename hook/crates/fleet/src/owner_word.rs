//! What the fleet says about a run's owner that is not on this machine, for people.

use agent_baton_core::id::MachineId;
use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{LeaseState, Machine, Row, RowOwner};

use crate::cached_rows::CachedRows;

/// What the fleet says about the owner of a run on another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerWord {
    /// The owner's machine, or the one that picked the session up, or else the one that handed it over.
    pub machine: MachineId,
    /// Whether that is this machine, which picked the session up.
    pub is_here: bool,
    /// The name of that machine, as its user gave it, or its id.
    pub name: String,
    /// How long ago that machine's witness was at the database, in milliseconds.
    pub seen_ms: Option<u64>,
    /// What the row says.
    pub standing: WordStanding,
}

/// What the row of a run says about its owner on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordStanding {
    /// Its lease has not ended.
    Held {
        /// How long it still lasts, in milliseconds.
        left_ms: u64,
    },
    /// Its lease has ended.
    Lapsed,
    /// It was proved to have ended.
    Ended,
    /// The run was handed over, and nobody has picked it up.
    HandedOver,
    /// The run was handed over and its session picked up, which nobody has resumed yet.
    PickedUp,
    /// No row was read.
    Unknown,
}

impl OwnerWord {
    /// Returns what a row that was just read says, or `None` if the owner is on this machine.
    #[must_use]
    pub fn of_row(row: &Row, machines: &[Machine], here: &MachineId) -> Option<Self> {
        let (id, standing) = match &row.owner {
            RowOwner::Machine { id, .. } if id == here => return None,
            RowOwner::Machine { id, lease: LeaseState::Held { left_ms } } => {
                (id, WordStanding::Held { left_ms: *left_ms })
            }
            RowOwner::Machine { id, lease: LeaseState::Lapsed } => (id, WordStanding::Lapsed),
            RowOwner::Machine { id, lease: LeaseState::OwnerEnded } => (id, WordStanding::Ended),
            RowOwner::Handoff { picked_up: Some(by), .. } => (by, WordStanding::PickedUp),
            RowOwner::Handoff { from, .. } => (from, WordStanding::HandedOver),
        };
        let is_here = standing == WordStanding::PickedUp && id == here;
        Some(Self { is_here, ..Self::of_machine(id, machines, standing) })
    }

    /// Returns what the cache says about a copy, or `None` if its owner is on this machine, or it belongs to no fleet. The
    /// ages and leases are those of now.
    #[must_use]
    pub fn of_copy(run: &Run, here: Option<&MachineId>, cached: Option<&CachedRows>, now: &Timestamp) -> Option<Self> {
        let fleet = run.fleet.as_ref()?;
        if here.is_some() && fleet.machine.as_ref() == here {
            return None;
        }
        let machines = cached.map_or(&[][..], |cached| &cached.machines);
        let age_ms = cached.map_or(0, |cached| cached.read.age_ms(now));
        let row = cached.and_then(|cached| cached.rows.iter().find(|row| row.run.id == run.id));
        // A row of another owner says nothing about this copy, which is newer or older.
        let row = row.filter(|row| row.run.fence == run.fence);
        let mut word = match (row.zip(here).map(|(row, here)| Self::of_row(row, machines, here)), &fleet.machine) {
            (Some(Some(word)), _) => word,
            (_, Some(machine)) => Self::of_machine(machine, machines, WordStanding::Unknown),
            (_, None) => return None,
        };
        word.seen_ms = word.seen_ms.map(|seen| seen.saturating_add(age_ms));
        if let WordStanding::Held { left_ms } = word.standing {
            let left_ms = left_ms.saturating_sub(age_ms);
            word.standing = if left_ms > 0 { WordStanding::Held { left_ms } } else { WordStanding::Lapsed };
        }
        Some(word)
    }

    fn of_machine(id: &MachineId, machines: &[Machine], standing: WordStanding) -> Self {
        let machine = machines.iter().find(|machine| machine.id == *id);
        Self {
            machine: id.clone(),
            is_here: false,
            name: machine.map_or_else(|| id.to_string(), |machine| machine.name.clone()),
            seen_ms: machine.map(|machine| machine.seen_ms),
            standing,
        }
    }

    /// Returns whether the owner is alive.
    #[must_use]
    pub const fn live(&self) -> Live {
        match self.standing {
            WordStanding::Held { .. } => Live::Yes,
            WordStanding::Ended => Live::No,
            WordStanding::Lapsed | WordStanding::HandedOver | WordStanding::PickedUp | WordStanding::Unknown => {
                Live::Unknown
            }
        }
    }
}
