//! Which machine of which fleet a state directory is.

use agent_baton_core::id::{FleetId, MachineId};
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{CommitId, Identity, Position, Token};
use baton_store::{FleetFile, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::lease::Leases;

/// The membership of a state directory in a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The fleet.
    pub fleet: FleetId,
    /// The id of this machine.
    pub machine: MachineId,
    /// The name of this machine, for people.
    pub name: String,
    /// The token that the database has.
    pub token: Token,
    /// The token that the database has if the rotation that was begun got through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<Token>,
    /// The boot in which the token was replaced last. A reboot proves nothing about processes before the database accepted
    /// the token again.
    pub boot: String,
    /// The epoch that this machine knows.
    pub epoch: u64,
    /// The newest change of the database that this machine knows.
    pub newest: Position,
    /// When the witness was here last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<Timestamp>,
    /// The last time when the witness found that the database had been restored from an older copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<RestoredDatabase>,
}

/// For how long a restored database is shown after this machine was brought in line, in milliseconds: a day.
const RECENT_RESTORE_MS: u64 = 24 * 60 * 60 * 1000;

/// That the database was restored from an older copy, and what this machine did about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredDatabase {
    /// When the witness did it.
    pub at: Timestamp,
    /// What it did, in a sentence for people.
    pub notice: String,
}

impl Membership {
    /// Reads the membership. Returns `None` if the state directory belongs to no fleet.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn read(store: &Store) -> Result<Option<Self>, StoreError> {
        store.fleet_file(FleetFile::Membership)
    }

    /// Writes the membership durably.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write(&self, store: &Store) -> Result<(), StoreError> {
        store.write_fleet_file(FleetFile::Membership, self)
    }

    /// Returns what the database is told about who asks. `own` is the newest change that this machine made.
    #[must_use]
    pub fn identity(&self, own: Option<&Position>) -> Identity {
        let seen = own.filter(|own| own.change > self.newest.change).unwrap_or(&self.newest);
        Identity {
            fleet: self.fleet.clone(),
            epoch: self.epoch,
            machine: self.machine.clone(),
            tokens: std::iter::once(&self.token).chain(&self.next_token).cloned().collect(),
            seen: seen.clone(),
        }
    }

    /// Returns what the database is told about this state directory.
    #[must_use]
    pub fn identity_in(&self, store: &Store) -> Identity {
        self.identity(Leases::read(store).newest.as_ref())
    }

    /// Returns the last restore of the database, if users may not have heard of it yet.
    #[must_use]
    pub fn recent_restore(&self, now: &Timestamp) -> Option<&RestoredDatabase> {
        self.restored.as_ref().filter(|restored| restored.at.age_ms(now) < RECENT_RESTORE_MS)
    }

    /// Returns whether the token must be replaced before anything else is asked, because the machine was restarted since.
    #[must_use]
    pub fn must_rotate(&self, now: &Timestamp) -> bool {
        self.boot != now.boot
    }
}

/// Returns a new random token.
///
/// # Errors
/// Returns an error if the system gives no random bytes.
pub fn new_token() -> Result<Token, getrandom::Error> {
    random_bits().map(Token::from_bits)
}

/// Returns a new random id of a commit.
///
/// # Errors
/// Returns an error if the system gives no random bytes.
pub fn new_commit() -> Result<CommitId, getrandom::Error> {
    random_bits().map(CommitId::from_bits)
}

/// Returns 128 random bits.
///
/// # Errors
/// Returns an error if the system gives no random bytes.
pub fn random_bits() -> Result<u128, getrandom::Error> {
    Ok(u128::from(getrandom::u64()?) << 64 | u128::from(getrandom::u64()?))
}
