//! The connection of this machine to the fleet's database, for a command.

use std::time::{Duration, Instant};

use agent_baton_core::id::MachineId;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{Answer, Cause, Request};
use baton_store::Store;

use crate::connection::{Connect, Connection};
use crate::error::FleetError;
use crate::membership::Membership;
use crate::token::TokenLock;

/// What asks the database as the machine that a state directory is. It connects when it is first used.
pub struct MemberConnection<'a> {
    store: &'a Store,
    database: &'a dyn Connect,
    clock: &'a dyn Fn() -> Timestamp,
    membership: Membership,
    limit: Duration,
    connection: Option<Box<dyn Connection>>,
}

impl<'a> MemberConnection<'a> {
    /// Returns a connection that is not open yet. Each request may take as long as `limit`.
    #[must_use]
    pub const fn new(
        store: &'a Store,
        database: &'a dyn Connect,
        clock: &'a dyn Fn() -> Timestamp,
        membership: Membership,
        limit: Duration,
    ) -> Self {
        Self { store, database, clock, membership, limit, connection: None }
    }

    /// Returns the id of this machine.
    #[must_use]
    pub const fn machine(&self) -> &MachineId {
        &self.membership.machine
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    /// Forgets the connection, which may be gone or wait for an answer.
    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Asks as the machine that this state directory is. If the database does not know the token, another call may have replaced
    /// it meanwhile, so this looks once more.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Answer, FleetError> {
        let deadline = Instant::now() + self.limit;
        match self.connected()?.ask(request, deadline) {
            Err(error) if error.cause() == Some(Cause::UnknownToken) => {
                let read = Membership::read(self.store)?.ok_or(FleetError::NotJoined)?;
                if read == self.membership {
                    return Err(error);
                }
                self.membership = read;
                self.connection = None;
                self.connected()?.ask(request, deadline)
            }
            answer => answer,
        }
    }

    /// Connects if that has not been done. The first contact after a reboot replaces the token.
    pub(crate) fn connected(&mut self) -> Result<&mut Box<dyn Connection>, FleetError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open()?,
        };
        Ok(self.connection.insert(connection))
    }

    fn open(&mut self) -> Result<Box<dyn Connection>, FleetError> {
        let now = (self.clock)();
        if !self.membership.must_rotate(&now) {
            return self.database.open(Some(self.membership.identity_in(self.store)), self.limit);
        }
        let deadline = Instant::now() + self.limit;
        let mut token = TokenLock::acquire(self.store, deadline)?;
        let connection = token.rotate(self.database, &now, deadline)?;
        self.membership = token.membership;
        Ok(connection)
    }
}
