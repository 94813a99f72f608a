//! Reading the feed of changes.

use agent_baton_core::id::{MachineId, RunId};
use baton_fleet_protocol::{Answer, CommitId, Failure, Position, StoredChange};
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::clean;
use crate::standing::{self, Asker, Scope, StoredStanding};

const CHANGES: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/changes.sql"));

/// The maximum length of a reason, in characters.
const MAX_REASON: usize = 64;

/// What the statement returns.
#[derive(Deserialize)]
struct Feed {
    standing: Option<StoredStanding>,
    has_position: bool,
    changes: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    number: u64,
    commit: CommitId,
    machine: Option<MachineId>,
    reason: String,
    runs: Vec<ChangedRun>,
    age_ms: i64,
}

#[derive(Deserialize)]
struct ChangedRun {
    run: RunId,
}

/// Reads the changes after a position. It needs neither the epoch nor the token: with it a machine finds out that the database
/// was restored.
///
/// # Errors
///
/// If the statement fails, or the database is of another fleet.
pub async fn changes(database: &mut Database, asker: &Asker, after: &Position, limit: u32) -> Result<Answer, Failure> {
    let number = i64::try_from(after.change).unwrap_or(i64::MAX);
    let commit = after.commit.as_ref().map(CommitId::as_str);
    let parameters: [Parameter<'_>; 3] =
        [(&number, Type::INT8), (&commit, Type::TEXT), (&i64::from(limit), Type::INT8)];
    let found: Feed = database.read(CHANGES, &asker.parameters(&parameters)).await?;
    let scope = if asker.is_member() { Scope::Fleet } else { Scope::Schema };
    let standing = standing::check(found.standing, database, asker, scope)?;
    let changes = found.changes.into_iter().map(|line| StoredChange {
        position: Position { change: line.number, commit: Some(line.commit) },
        machine: line.machine,
        reason: clean(&line.reason, MAX_REASON),
        runs: line.runs.into_iter().map(|changed| changed.run).collect(),
        age_ms: u64::try_from(line.age_ms).unwrap_or(0),
    });
    Ok(Answer::Changes { standing, has_position: found.has_position, changes: changes.collect() })
}
