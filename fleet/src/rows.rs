//! Reading rows: one statement.

use agent_baton_core::id::{MachineId, RunId, SessionId};
use baton_fleet_protocol::{Answer, Failure, HandoffSummary, Machine, Rows};
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::Database;
use crate::error::{chain, clean};
use crate::membership::MAX_NAME;
use crate::standing::{self, Asker, Scope, StoredStanding};
use crate::stored_row::StoredRow;

const READ: &str =
    concat!(include_str!("sql/standing.sql"), include_str!("sql/read.sql"), include_str!("sql/rows.sql"));
/// The statement that lists.
pub const LIST: &str =
    concat!(include_str!("sql/standing.sql"), include_str!("sql/list.sql"), include_str!("sql/rows.sql"));

/// The maximum length of an id that is reported, in characters.
const MAX_ID: usize = 128;

/// What the statements return.
#[derive(Deserialize)]
pub struct StoredRows {
    standing: Option<StoredStanding>,
    rows: Vec<Value>,
    machines: Vec<StoredMachine>,
    handoffs: Vec<Value>,
}

#[derive(Deserialize)]
struct StoredMachine {
    id: MachineId,
    name: String,
    seen_ms: i64,
}

/// Reads the rows of runs, and the unfinished runs of sessions and projects.
///
/// # Errors
///
/// If the statement fails, or the machine is not the one that the database knows.
pub async fn read(
    database: &mut Database,
    asker: &Asker,
    runs: &[RunId],
    sessions: &[SessionId],
    projects: &[String],
) -> Result<Answer, Failure> {
    let runs: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    let sessions: Vec<&str> = sessions.iter().map(SessionId::as_str).collect();
    let parameters: [Parameter<'_>; 3] =
        [(&runs, Type::TEXT_ARRAY), (&sessions, Type::TEXT_ARRAY), (&projects, Type::TEXT_ARRAY)];
    answer(database, asker, READ, &parameters).await
}

/// Reads all unfinished runs, all machines and all handoffs.
///
/// # Errors
///
/// Like [`read`].
pub async fn list(database: &mut Database, asker: &Asker, limit: u32) -> Result<Answer, Failure> {
    answer(database, asker, LIST, &ListValues::new(&[], limit).parameters()).await
}

/// The values of the statement that lists.
pub struct ListValues<'a> {
    limit: i64,
    runs: Vec<&'a str>,
}

impl<'a> ListValues<'a> {
    /// Returns the values for at most `limit` unfinished runs, and for these runs whether they have ended or not.
    #[must_use]
    pub fn new(runs: &'a [RunId], limit: u32) -> Self {
        Self { limit: i64::from(limit), runs: runs.iter().map(RunId::as_str).collect() }
    }

    /// Returns the parameters of the statement after those of the asker.
    #[must_use]
    pub fn parameters(&self) -> [Parameter<'_>; 2] {
        [(&self.limit, Type::INT8), (&self.runs, Type::TEXT_ARRAY)]
    }
}

async fn answer(
    database: &mut Database,
    asker: &Asker,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Answer, Failure> {
    let stored: StoredRows = database.read(sql, &asker.parameters(parameters)).await?;
    Ok(Answer::Rows(stored.check(database, asker)?))
}

impl StoredRows {
    /// Returns the rows that can be parsed, and why others cannot.
    ///
    /// # Errors
    ///
    /// If the machine is not the one that the database knows.
    pub fn check(self, database: &Database, asker: &Asker) -> Result<Rows, Failure> {
        let scope = if asker.is_member() { Scope::Reader } else { Scope::Schema };
        let standing = standing::check(self.standing, database, asker, scope)?;
        let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
        for line in self.rows {
            let id = clean(line.get("id").and_then(Value::as_str).unwrap_or_default(), MAX_ID);
            match serde_json::from_value::<StoredRow>(line) {
                Ok(row) => match row.parse(standing.fleet.as_str()) {
                    Ok(row) => rows.push(row),
                    Err(error) => unreadable.push((id, clean(&chain(&error), 200))),
                },
                Err(error) => unreadable.push((id, clean(&error.to_string(), 200))),
            }
        }
        let machines = self.machines.into_iter().map(|machine| Machine {
            id: machine.id,
            name: clean(&machine.name, MAX_NAME),
            seen_ms: u64::try_from(machine.seen_ms).unwrap_or(0),
        });
        // A handoff that cannot be parsed can be neither picked up nor shown.
        let handoffs = self.handoffs.into_iter().filter_map(|line| serde_json::from_value::<HandoffSummary>(line).ok());
        let handoffs = handoffs.map(|handoff| HandoffSummary {
            digest: clean(&handoff.digest, MAX_ID),
            project: handoff.project.map(|project| clean(&project, 512)),
            ..handoff
        });
        Ok(Rows { standing, rows, unreadable, machines: machines.collect(), handoffs: handoffs.collect() })
    }
}
