//! Leaves the fleet: removes this machine from the database, and the files about the fleet from the state directory.

use std::time::Instant;

use baton_fleet_protocol::{Answer, Cause, Request};
use baton_store::{FleetFile, Store, StoreError};

use crate::connection::Connect;
use crate::error::FleetError;
use crate::token::TokenLock;

/// The files, the membership last: if this is interrupted, it can be repeated.
const FILES: [FleetFile; 7] = [
    FleetFile::Leases,
    FleetFile::Marker,
    FleetFile::Outage,
    FleetFile::Names,
    FleetFile::Rows,
    FleetFile::Unasked,
    FleetFile::Membership,
];

/// Removes the row of this machine, and then the files. A machine that the database does not know any more leaves nothing
/// there.
///
/// # Errors
/// Returns an error if the database cannot be asked or is another fleet's, or if a file cannot be removed.
pub fn leave(store: &Store, database: &dyn Connect, deadline: Instant) -> Result<(), FleetError> {
    // Without the lock, a witness that runs now could replace the token, or take this directory for a copy and join again.
    let token = TokenLock::acquire(store, deadline)?;
    let timeout = deadline.saturating_duration_since(Instant::now());
    let mut connection = database.open(Some(token.membership.identity(None)), timeout)?;
    match connection.ask(&Request::Leave, deadline) {
        Ok(Answer::Done) => {}
        Ok(_) => return Err(FleetError::Answer),
        Err(error) if error.cause() == Some(Cause::UnknownToken) => {}
        Err(error) => return Err(error),
    }
    Ok(forget(store)?)
}

/// Removes the files about the fleet, and leaves the row of this machine in the database.
///
/// # Errors
/// Returns an error if a file cannot be removed. The membership is removed last.
pub fn forget(store: &Store) -> Result<(), StoreError> {
    FILES.iter().try_for_each(|file| store.remove_fleet_file(*file))
}
