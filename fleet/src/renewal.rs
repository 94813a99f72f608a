//! Renewing the leases of a machine: one statement for all its owners.

use agent_baton_core::id::RunId;
use baton_fleet_protocol::{Answer, Cause, EndedOwner, Failure, Renewal, Standing, Token};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::failure;
use crate::standing::{self, Asker, Scope, StoredStanding};

/// The statement.
pub const RENEW: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/renew.sql"));

/// What a machine says about its owners.
#[derive(Debug, Clone, Copy)]
pub struct Renewing<'a> {
    /// The owners that are alive.
    pub alive: &'a [Renewal],
    /// The owners that are proved to have ended.
    pub ended: &'a [EndedOwner],
    /// How long the leases last, in milliseconds.
    pub lease_ms: u64,
    /// The token that replaces the machine's, if any.
    pub next: Option<&'a Token>,
}

/// The values of the statement.
pub struct RenewalValues<'a> {
    alive: String,
    ended: String,
    lease_ms: i64,
    next: Option<&'a str>,
}

impl<'a> Renewing<'a> {
    /// Returns the values for the statement.
    ///
    /// # Errors
    ///
    /// If an owner cannot be written as JSON.
    pub fn values(self) -> Result<RenewalValues<'a>, Failure> {
        Ok(RenewalValues {
            alive: to_json(self.alive)?,
            ended: to_json(self.ended)?,
            lease_ms: i64::try_from(self.lease_ms).unwrap_or(i64::MAX),
            next: self.next.map(Token::as_str),
        })
    }
}

impl RenewalValues<'_> {
    /// Returns the parameters of the statement after those of the asker.
    #[must_use]
    pub fn parameters(&self) -> [Parameter<'_>; 4] {
        [(&self.alive, Type::TEXT), (&self.ended, Type::TEXT), (&self.lease_ms, Type::INT8), (&self.next, Type::TEXT)]
    }
}

/// What the statement returns.
#[derive(Deserialize)]
pub struct Renewed {
    standing: Option<StoredStanding>,
    renewed: Vec<RunId>,
    ended: Vec<RunId>,
    allowed: bool,
}

impl Renewed {
    /// Returns what the database says of itself, the runs whose lease was renewed, and those whose end was recorded.
    ///
    /// # Errors
    ///
    /// If the machine is not the one that the database knows. Nothing was written then.
    pub fn check(self, database: &Database, asker: &Asker) -> Result<(Standing, Vec<RunId>, Vec<RunId>), Failure> {
        let standing = standing::check(self.standing, database, asker, Scope::Writer)?;
        if !self.allowed {
            return Err(failure(Cause::Protocol, format!("{}: nothing was renewed", database.server())));
        }
        Ok((standing, self.renewed, self.ended))
    }
}

/// Renews leases and records ends.
///
/// # Errors
///
/// If the statement fails, or the machine is not the one that the database knows.
pub async fn renew(database: &mut Database, asker: &Asker, renewing: Renewing<'_>) -> Result<Answer, Failure> {
    let values = renewing.values()?;
    let found: Renewed = database.write(RENEW, &asker.parameters(&values.parameters())).await?;
    let (standing, renewed, ended) = found.check(database, asker)?;
    Ok(Answer::Renewed { standing, renewed, ended })
}

fn to_json<T: Serialize>(owners: &[T]) -> Result<String, Failure> {
    serde_json::to_string(owners)
        .map_err(|error| failure(Cause::Protocol, format!("an owner cannot be written: {error}")))
}
