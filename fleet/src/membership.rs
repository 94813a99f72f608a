//! Who is in the fleet: joining, leaving and the token.

use agent_baton_core::id::{MachineId, RunId};
use baton_fleet_protocol::{Answer, Cause, Failure, Standing, StoredItems, Token};
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::{clean, failure};
use crate::standing::{self, Asker, Scope, StoredStanding};

/// The maximum length of a machine's name, in characters.
pub const MAX_NAME: usize = 64;

const JOIN: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/join.sql"));
const LEAVE: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/leave.sql"));
const REMOVE: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/remove.sql"));
const STORED: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/stored.sql"));
const ROTATE: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/rotate.sql"));

/// What a statement that does one thing or nothing returns.
#[derive(Deserialize)]
struct Outcome {
    standing: Option<StoredStanding>,
    is_done: bool,
}

/// What the statement returns that removes another machine.
#[derive(Deserialize)]
struct Removal {
    standing: Option<StoredStanding>,
    is_done: bool,
    runs: Vec<RunId>,
}

/// What the statement returns that reads what is stored.
#[derive(Deserialize)]
struct Stored {
    standing: Option<StoredStanding>,
    #[serde(flatten)]
    items: StoredItems,
}

/// Adds a machine. With the id of a machine that is there, the token has to be its own.
///
/// # Errors
///
/// If the statement fails, or the id belongs to another machine.
pub async fn join(database: &mut Database, machine: &MachineId, name: &str, token: &Token) -> Result<Answer, Failure> {
    let asker = Asker::new(None).with_machine(machine.as_str());
    let (name, token) = (clean(name, MAX_NAME), token.as_str());
    let (standing, is_done) =
        write(database, &asker, Scope::Schema, JOIN, &[(&name, Type::TEXT), (&token, Type::TEXT)]).await?;
    if !is_done {
        let text = format!("{}: a machine with this id is in the fleet and has another token", database.server());
        return Err(failure(Cause::UnknownToken, text));
    }
    Ok(Answer::Joined(standing))
}

/// Removes the machine that asks.
///
/// # Errors
///
/// If the statement fails.
pub async fn leave(database: &mut Database, asker: &Asker) -> Result<Answer, Failure> {
    write(database, asker, Scope::Token, LEAVE, &[]).await.map(|_| Answer::Done)
}

/// Removes another machine, which does not come back.
///
/// # Errors
///
/// If the statement fails.
pub async fn remove(database: &mut Database, asker: &Asker, machine: &MachineId) -> Result<Answer, Failure> {
    let id = machine.as_str();
    let found: Removal = database.write(REMOVE, &asker.parameters(&[(&id, Type::TEXT)])).await?;
    standing::check(found.standing, database, asker, Scope::Writer)?;
    Ok(if found.is_done { Answer::Done } else { Answer::Conflict { runs: found.runs } })
}

/// Returns what is stored about the machine that asks, beside rows and handoffs.
///
/// # Errors
///
/// If the statement fails.
pub async fn stored(database: &mut Database, asker: &Asker) -> Result<Answer, Failure> {
    let found: Stored = database.read(STORED, &asker.parameters(&[])).await?;
    standing::check(found.standing, database, asker, Scope::Reader)?;
    Ok(Answer::Stored(found.items))
}

/// Replaces the token of the machine that asks.
///
/// # Errors
///
/// If the statement fails.
pub async fn rotate(database: &mut Database, asker: &Asker, next: &Token) -> Result<Answer, Failure> {
    let next = next.as_str();
    write(database, asker, Scope::Token, ROTATE, &[(&next, Type::TEXT)]).await.map(|_| Answer::Done)
}

async fn write(
    database: &mut Database,
    asker: &Asker,
    scope: Scope,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<(Standing, bool), Failure> {
    let found: Outcome = database.write(sql, &asker.parameters(parameters)).await?;
    Ok((standing::check(found.standing, database, asker, scope)?, found.is_done))
}
