//! Replaces the machine's token, so that a copy of this state directory is found out.

use std::fs::File;
use std::time::Instant;

use agent_baton_core::id::{FleetId, MachineId};
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{Answer, Request, Token};
use baton_store::Store;

use crate::connection::{Connect, Connection};
use crate::error::FleetError;
use crate::membership::{Membership, new_token, random_bits};

/// The membership while no other call replaces its token.
pub struct TokenLock<'s> {
    store: &'s Store,
    _lock: File,
    /// The membership, as the file has it.
    pub membership: Membership,
}

impl<'s> TokenLock<'s> {
    /// Waits until no other call replaces the token, and reads the membership.
    ///
    /// # Errors
    /// Returns an error if the state directory belongs to no fleet, if another call takes too long, or if the file cannot be
    /// read.
    pub fn acquire(store: &'s Store, deadline: Instant) -> Result<Self, FleetError> {
        let lock = store.lock_fleet_token(deadline)?;
        let membership = Membership::read(store)?.ok_or(FleetError::NotJoined)?;
        Ok(Self { store, _lock: lock, membership })
    }

    /// Replaces the token, and returns the connection, which goes on with the new one.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked, does not know the token, or a file cannot be written.
    pub fn rotate(
        &mut self,
        database: &dyn Connect,
        now: &Timestamp,
        deadline: Instant,
    ) -> Result<Box<dyn Connection>, FleetError> {
        match self.rotate_with(database, now, deadline, |next| Request::Rotate { next })? {
            (connection, Answer::Done) => Ok(connection),
            _ => Err(FleetError::Answer),
        }
    }

    /// Sends a request that replaces the token. The next token is on the disk before the database gets it, so after a crash the
    /// database has one of the two.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked, refuses the request, or a file cannot be written.
    pub fn rotate_with(
        &mut self,
        database: &dyn Connect,
        now: &Timestamp,
        deadline: Instant,
        request: impl FnOnce(Token) -> Request,
    ) -> Result<(Box<dyn Connection>, Answer), FleetError> {
        // If an earlier rotation was interrupted, the database has the current token or the next one. This one completes it.
        let next = match self.membership.next_token.take() {
            Some(next) => next,
            None => new_token()?,
        };
        self.change(|membership| membership.next_token = Some(next.clone()))?;
        let timeout = deadline.saturating_duration_since(Instant::now());
        let mut connection = database.open(Some(self.membership.identity_in(self.store)), timeout)?;
        let answer = connection.ask(&request(next.clone()), deadline)?;
        if matches!(answer, Answer::Done | Answer::Round { .. }) {
            self.change(|membership| {
                (membership.token, membership.next_token) = (next, None);
                membership.boot.clone_from(&now.boot);
            })?;
        }
        Ok((connection, answer))
    }

    /// Changes the membership, in the file first.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn change(&mut self, change: impl FnOnce(&mut Membership)) -> Result<(), FleetError> {
        let mut changed = self.membership.clone();
        change(&mut changed);
        changed.write(self.store)?;
        self.membership = changed;
        Ok(())
    }

    /// Joins the fleet again, as the machine with this id.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked, or the file cannot be written.
    pub fn join_again(
        &mut self,
        database: &dyn Connect,
        machine: MachineId,
        now: &Timestamp,
        deadline: Instant,
    ) -> Result<(), FleetError> {
        let (name, fleet) = (self.membership.name.clone(), self.membership.fleet.clone());
        self.membership = ask_to_join(database, machine, &name, Some(&fleet), now, deadline)?;
        Ok(self.membership.write(self.store)?)
    }
}

/// Joins the fleet of the database.
///
/// # Errors
/// Returns an error if the database cannot be asked, or a file cannot be written.
pub fn join(
    store: &Store,
    database: &dyn Connect,
    name: &str,
    now: &Timestamp,
    deadline: Instant,
) -> Result<Membership, FleetError> {
    let _lock = store.lock_fleet_token(deadline)?;
    let membership = ask_to_join(database, new_machine()?, name, None, now, deadline)?;
    membership.write(store)?;
    Ok(membership)
}

fn ask_to_join(
    database: &dyn Connect,
    machine: MachineId,
    name: &str,
    expected: Option<&FleetId>,
    now: &Timestamp,
    deadline: Instant,
) -> Result<Membership, FleetError> {
    let token = new_token()?;
    let mut connection = database.open(None, deadline.saturating_duration_since(Instant::now()))?;
    let request = Request::Join { machine: machine.clone(), name: name.to_owned(), token: token.clone() };
    let Answer::Joined(standing) = connection.ask(&request, deadline)? else { return Err(FleetError::Answer) };
    if let Some(expected) = expected.filter(|expected| **expected != standing.fleet) {
        return Err(FleetError::OtherFleet { expected: expected.clone(), found: standing.fleet });
    }
    Ok(Membership {
        fleet: standing.fleet,
        machine,
        name: name.to_owned(),
        token,
        next_token: None,
        boot: now.boot.clone(),
        epoch: standing.epoch,
        newest: standing.newest,
        witnessed: None,
        restored: None,
    })
}

/// Returns the id of a machine that is new in its fleet.
///
/// # Errors
/// Returns an error if the system gives no random bytes.
pub fn new_machine() -> Result<MachineId, FleetError> {
    let id = format!("m{:012x}", random_bits()? >> 80);
    id.try_into().map_err(|_| FleetError::Answer)
}
