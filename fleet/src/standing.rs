//! What the database says of itself, and whether the machine that asks is the one that it knows.

use agent_baton_core::id::FleetId;
use baton_fleet_protocol::{Cause, CommitId, Failure, Identity, Position, Standing, Token};
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::failure;
use crate::schema_check;

/// Who asks, in the form in which the statements take it.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    fleet: String,
    epoch: i64,
    machine: String,
    tokens: Vec<String>,
    schema: i64,
    seen_change: i64,
    seen_commit: Option<String>,
    is_member: bool,
}

impl Asker {
    /// Returns who asks, or somebody whom the database does not know.
    #[must_use]
    pub fn new(identity: Option<&Identity>) -> Self {
        let schema = i64::from(schema_check::NUMBER);
        let Some(identity) = identity else { return Self { schema, ..Self::default() } };
        Self {
            fleet: identity.fleet.to_string(),
            epoch: i64::try_from(identity.epoch).unwrap_or(i64::MAX),
            machine: identity.machine.to_string(),
            tokens: identity.tokens.iter().map(|token| token.as_str().to_owned()).collect(),
            schema,
            seen_change: i64::try_from(identity.seen.change).unwrap_or(i64::MAX),
            seen_commit: identity.seen.commit.as_ref().map(|commit| commit.as_str().to_owned()),
            is_member: true,
        }
    }

    /// Returns the same asker with another epoch.
    #[must_use]
    pub fn with_epoch(self, epoch: u64) -> Self {
        Self { epoch: i64::try_from(epoch).unwrap_or(i64::MAX), ..self }
    }

    /// Returns the same asker, which has this token, too.
    #[must_use]
    pub fn with_token(mut self, token: &Token) -> Self {
        self.tokens.push(token.as_str().to_owned());
        self
    }

    /// Returns the asker with another machine, which does not have to be known.
    #[must_use]
    pub fn with_machine(self, machine: &str) -> Self {
        Self { machine: machine.to_owned(), ..self }
    }

    /// Returns the machine's id.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Returns the fleet's id.
    #[must_use]
    pub fn fleet(&self) -> &str {
        &self.fleet
    }

    /// Returns whether the machine says who it is.
    #[must_use]
    pub const fn is_member(&self) -> bool {
        self.is_member
    }

    /// Returns the first parameters of each statement ($1 to $7), followed by others.
    #[must_use]
    pub fn parameters<'a>(&'a self, others: &[Parameter<'a>]) -> Vec<Parameter<'a>> {
        let mut all: Vec<Parameter<'a>> = vec![
            (&self.fleet, Type::TEXT),
            (&self.epoch, Type::INT8),
            (&self.machine, Type::TEXT),
            (&self.tokens, Type::TEXT_ARRAY),
            (&self.schema, Type::INT8),
            (&self.seen_change, Type::INT8),
            (&self.seen_commit, Type::TEXT),
        ];
        all.extend(others.iter().cloned());
        all
    }
}

/// How much of the identity has to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nothing: the schema alone counts.
    Schema,
    /// The fleet. This is enough to find out that the database was restored.
    Fleet,
    /// The fleet and the token.
    Token,
    /// The fleet, what the machine has seen, and the token.
    Reader,
    /// The fleet, the token and the epoch.
    Restorer,
    /// The fleet, what the machine has seen, the token and the epoch.
    Writer,
}

impl Scope {
    const fn needs_seen(self) -> bool {
        matches!(self, Self::Reader | Self::Writer)
    }

    const fn needs_token(self) -> bool {
        !matches!(self, Self::Schema | Self::Fleet)
    }

    const fn needs_epoch(self) -> bool {
        matches!(self, Self::Restorer | Self::Writer)
    }
}

/// What a statement says of the database.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredStanding {
    fleet: Option<FleetId>,
    epoch: Option<u64>,
    change: Option<u64>,
    commit: Option<CommitId>,
    number: i64,
    oldest_writer: i64,
    has_seen: bool,
    known: bool,
    isolation: String,
    unix_ms: u64,
}

/// Returns what the database says of itself, if the machine that asks may go on.
///
/// # Errors
///
/// The first of these that is so: the schema cannot be used, the database has no fleet, it is another fleet, it does not have
/// the newest change that the machine knows, the token is unknown, it is another epoch.
pub fn check(
    stored: Option<StoredStanding>,
    database: &Database,
    asker: &Asker,
    scope: Scope,
) -> Result<Standing, Failure> {
    let server = database.server();
    let stored = stored.ok_or_else(|| schema_check::failure(&server, None))?;
    if !schema_check::is_usable(stored.number, stored.oldest_writer) {
        return Err(schema_check::failure(&server, Some((stored.number, stored.oldest_writer))));
    }
    let (Some(fleet), Some(epoch), Some(change)) = (&stored.fleet, stored.epoch, stored.change) else {
        let text = format!("{server}: this user of the database has no fleet; run `baton fleet init` as this user");
        return Err(failure(Cause::SchemaMissing, text));
    };
    if scope != Scope::Schema && fleet.as_str() != asker.fleet {
        let text = format!("{server}: this is the database of the fleet {fleet}, and this machine joined another one");
        return Err(failure(Cause::OtherFleet, text));
    }
    if scope.needs_seen() && !stored.has_seen {
        let text = format!(
            "{server}: the database does not have change {}, which this machine knows: it was restored from an older copy",
            asker.seen_change
        );
        return Err(failure(Cause::Restored, text));
    }
    if scope.needs_token() && !stored.known {
        let text = format!("{server}: the database does not know the token of this machine");
        return Err(failure(Cause::UnknownToken, text));
    }
    if scope.needs_epoch() && i64::try_from(epoch) != Ok(asker.epoch) {
        let text = format!("{server}: the epoch is {epoch}, and this machine knows {}", asker.epoch);
        return Err(failure(Cause::OtherEpoch, text));
    }
    // Below this level, two machines could take one run.
    if stored.isolation != "serializable" {
        let text =
            format!("{server}: the connection has the isolation level {} instead of serializable", stored.isolation);
        return Err(failure(Cause::Pooler, text));
    }
    let (connection, version) = database.connection();
    Ok(Standing {
        fleet: fleet.clone(),
        epoch,
        newest: Position { change, commit: stored.commit.clone() },
        schema: u32::try_from(stored.number).unwrap_or(u32::MAX),
        unix_ms: stored.unix_ms,
        connection,
        server: version,
    })
}
