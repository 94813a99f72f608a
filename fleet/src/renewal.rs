//! Renewing the leases of a machine: one statement for all its owners.

use agent_baton_core::id::RunId;
use baton_fleet_protocol::{Answer, Cause, EndedOwner, Failure, Renewal};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::failure;
use crate::standing::{self, Asker, Scope, StoredStanding};

const RENEW: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/renew.sql"));

/// What the statement returns.
#[derive(Deserialize)]
struct Renewed {
    standing: Option<StoredStanding>,
    renewed: Vec<RunId>,
    ended: Vec<RunId>,
    allowed: bool,
}

/// Renews leases and records ends.
///
/// # Errors
///
/// If the statement fails, or the machine is not the one that the database knows.
pub async fn renew(
    database: &mut Database,
    asker: &Asker,
    alive: &[Renewal],
    ended: &[EndedOwner],
    lease_ms: u64,
) -> Result<Answer, Failure> {
    let (alive, ended) = (to_json(alive)?, to_json(ended)?);
    let lease = i64::try_from(lease_ms).unwrap_or(i64::MAX);
    let parameters: [Parameter<'_>; 3] = [(&alive, Type::TEXT), (&ended, Type::TEXT), (&lease, Type::INT8)];
    let found: Renewed = database.write(RENEW, &asker.parameters(&parameters)).await?;
    let standing = standing::check(found.standing, database, asker, Scope::Writer)?;
    if !found.allowed {
        return Err(failure(Cause::Protocol, format!("{}: nothing was renewed", database.server())));
    }
    Ok(Answer::Renewed { standing, renewed: found.renewed, ended: found.ended })
}

fn to_json<T: Serialize>(owners: &[T]) -> Result<String, Failure> {
    serde_json::to_string(owners)
        .map_err(|error| failure(Cause::Protocol, format!("an owner cannot be written: {error}")))
}
