//! A run whose owner is on another machine of the fleet.

use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use schemars::JsonSchema;
use serde::Serialize;

/// A run whose owner is on another machine of the fleet, or on its way to one.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteRun {
    /// The run: its row, or the copy here.
    pub run: Run,
    /// The name of the owner's machine, or of the one that picked the run's session up or handed it over. `None` if nothing names it.
    pub machine: Option<String>,
    /// What the fleet says about the owner.
    pub standing: OwnerStanding,
}

/// What the fleet says about an owner on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnerStanding {
    /// Its lease has not ended.
    Held,
    /// Its lease has not ended, but its machine has not been heard of for more than five minutes.
    Silent,
    /// Its lease has ended. It may still be alive.
    Lapsed,
    /// Its machine proved that it has ended.
    Ended,
    /// The run was handed over, and no machine goes on with it yet.
    HandedOver,
    /// This machine read nothing about it.
    Unknown,
}

impl RemoteRun {
    /// Returns whether the owner is alive, as far as its machine was heard.
    #[must_use]
    pub const fn live(&self) -> Live {
        match self.standing {
            OwnerStanding::Held => Live::Yes,
            OwnerStanding::Ended => Live::No,
            OwnerStanding::Silent | OwnerStanding::Lapsed | OwnerStanding::HandedOver | OwnerStanding::Unknown => {
                Live::Unknown
            }
        }
    }

    /// Returns the word for the status of the run.
    #[must_use]
    pub const fn status_word(&self) -> &'static str {
        match self.standing {
            _ if !self.run.status.is_unfinished() => self.run.status.name(),
            OwnerStanding::Held => self.run.status.name(),
            OwnerStanding::Ended => "interrupted",
            OwnerStanding::Lapsed => "lapsed",
            OwnerStanding::HandedOver => "handed over",
            OwnerStanding::Silent | OwnerStanding::Unknown => "unknown",
        }
    }
}
