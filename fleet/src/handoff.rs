//! The archives of sessions that are handed over.

use agent_baton_core::id::{RunId, SessionId};
use baton_fleet_protocol::{Answer, Cause, CommitId, Failure, HandoffPart};
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::failure;
use crate::standing::{self, Asker, Scope, StoredStanding};

const PUT_PART: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/put_part.sql"));
const GET_PART: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/get_part.sql"));
const PICK_UP: &str =
    concat!(include_str!("sql/standing.sql"), include_str!("sql/pick_up.sql"), include_str!("sql/picked_up_runs.sql"));
const REMOVE_ARCHIVE: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/remove_archive.sql"));
const CANCEL: &str = concat!(
    include_str!("sql/standing.sql"),
    include_str!("sql/cancel_handoff.sql"),
    include_str!("sql/picked_up_runs.sql")
);

/// What a statement that does one thing or nothing returns.
#[derive(Deserialize)]
struct Outcome {
    standing: Option<StoredStanding>,
    is_done: bool,
    #[serde(default)]
    runs: Vec<RunId>,
}

/// What the statement returns that reads a part.
#[derive(Deserialize)]
struct Part {
    standing: Option<StoredStanding>,
    bytes: Option<String>,
}

/// Stores a part, or replaces it. The parts of a handoff that is published stay as they are.
///
/// # Errors
///
/// If the statement fails, or the bytes are not base64.
pub async fn put_part(
    database: &mut Database,
    asker: &Asker,
    session: &SessionId,
    handoff: &CommitId,
    number: u32,
    bytes: &str,
) -> Result<Answer, Failure> {
    let (id, session) = (handoff.as_str(), session.as_str());
    let parameters: [Parameter<'_>; 4] =
        [(&id, Type::TEXT), (&i64::from(number), Type::INT8), (&session, Type::TEXT), (&bytes, Type::TEXT)];
    change(database, asker, PUT_PART, &parameters).await
}

/// Returns a part of a handoff that was published, if this machine may pick it up.
///
/// # Errors
///
/// If the statement fails, or there is no such part.
pub async fn get_part(
    database: &mut Database,
    asker: &Asker,
    handoff: &CommitId,
    number: u32,
) -> Result<Answer, Failure> {
    let id = handoff.as_str();
    let parameters: [Parameter<'_>; 2] = [(&id, Type::TEXT), (&i64::from(number), Type::INT8)];
    let found: Part = database.read(GET_PART, &asker.parameters(&parameters)).await?;
    standing::check(found.standing, database, asker, Scope::Reader)?;
    let missing =
        || failure(Cause::Protocol, format!("{}: there is no part {number} of this handoff", database.server()));
    found.bytes.map(|bytes| Answer::Part(HandoffPart { bytes })).ok_or_else(missing)
}

/// Claims a handoff for the machine that asks.
///
/// # Errors
///
/// If the statement fails.
pub async fn pick_up(database: &mut Database, asker: &Asker, handoff: &CommitId) -> Result<Answer, Failure> {
    change(database, asker, PICK_UP, &[(&handoff.as_str(), Type::TEXT)]).await
}

/// Removes the archive of a handoff that the machine that asks picked up.
///
/// # Errors
///
/// If the statement fails.
pub async fn remove_archive(database: &mut Database, asker: &Asker, handoff: &CommitId) -> Result<Answer, Failure> {
    change(database, asker, REMOVE_ARCHIVE, &[(&handoff.as_str(), Type::TEXT)]).await
}

/// Takes a handoff back: the machine that made it picks it up itself. Its archive is removed.
///
/// # Errors
///
/// If the statement fails.
pub async fn cancel(database: &mut Database, asker: &Asker, handoff: &CommitId) -> Result<Answer, Failure> {
    change(database, asker, CANCEL, &[(&handoff.as_str(), Type::TEXT)]).await
}

async fn change(
    database: &mut Database,
    asker: &Asker,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Answer, Failure> {
    let found: Outcome = database.write(sql, &asker.parameters(parameters)).await?;
    standing::check(found.standing, database, asker, Scope::Writer)?;
    Ok(if found.is_done { Answer::Done } else { Answer::Conflict { runs: found.runs } })
}
