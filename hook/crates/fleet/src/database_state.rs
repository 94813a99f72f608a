//! What the database answers to somebody who wants to know how the fleet is.

use std::time::Instant;

use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{Answer, Position, Request, Rows, Standing};
use baton_store::Store;

use crate::connection::Connect;
use crate::error::FleetError;
use crate::membership::Membership;

/// What the database says of itself and of the fleet.
#[derive(Debug)]
pub struct DatabaseState {
    /// What it says of itself.
    pub standing: Standing,
    /// How far its clock is ahead of this machine's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// Whether it was restored from an older copy since this machine was there last.
    pub was_restored: bool,
    /// The machines, the handoffs and the newest rows; or why this machine may not read them.
    pub listed: Result<Rows, FleetError>,
}

impl DatabaseState {
    /// Asks the database, as the member of the fleet that a state directory is. Without a membership, only what the database says
    /// of itself is read.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked, or is another fleet's.
    pub fn read(
        database: &dyn Connect,
        member: Option<(&Store, &Membership)>,
        max_rows: u32,
        clock: impl Fn() -> Timestamp,
        deadline: Instant,
    ) -> Result<Self, FleetError> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        let identity = member.map(|(store, membership)| membership.identity_in(store));
        let beginning = Position { change: 0, commit: None };
        let after = identity.as_ref().map_or(beginning, |identity| identity.seen.clone());
        let mut connection = database.open(identity, timeout)?;
        let changes = |after| Request::Changes { after, limit: 1 };
        // The first request also connects, and so it says nothing about how long the second one was under way.
        let Answer::Changes { standing, has_position, .. } = connection.ask(&changes(after), deadline)? else {
            return Err(FleetError::Answer);
        };
        let asked = clock();
        let again = connection.ask(&changes(standing.newest.clone()), deadline)?;
        let answered = clock();
        let Answer::Changes { standing, .. } = again else { return Err(FleetError::Answer) };
        let listed = match member {
            None => Err(FleetError::NotJoined),
            Some(_) => match connection.ask(&Request::List { limit: max_rows }, deadline) {
                Ok(Answer::Rows(rows)) => Ok(rows),
                Ok(_) => Err(FleetError::Answer),
                Err(error) => Err(error),
            },
        };
        let is_older = member.is_some_and(|(_, membership)| standing.epoch < membership.epoch);
        Ok(Self {
            clock_ahead_ms: clock_ahead(&standing, &asked, &answered),
            was_restored: is_older || (member.is_some() && !has_position),
            standing,
            listed,
        })
    }
}

/// Returns how far the database's clock is ahead. It was read about half-way between question and answer.
fn clock_ahead(standing: &Standing, asked: &Timestamp, answered: &Timestamp) -> i64 {
    let half = answered.boot_ms.saturating_sub(asked.boot_ms) / 2;
    let here = asked.unix_ms.saturating_add(half);
    let signed = |ms| i64::try_from(ms).unwrap_or(i64::MAX);
    signed(standing.unix_ms).saturating_sub(signed(here))
}
