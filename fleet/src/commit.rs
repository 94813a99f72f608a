//! The commit and its look-up.

use agent_baton_core::id::RunId;
use agent_baton_core::reason::Reason;
use baton_fleet_protocol::{Answer, Cause, CommitId, Failure, NewHandoff, RowWrite};
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::connection::Parameter;
use crate::database::{Database, Refusal};
use crate::error::failure;
use crate::row_write::{self, Ownerless};
use crate::standing::{self, Asker, Scope, StoredStanding};

const COMMIT: &str = concat!(
    include_str!("sql/standing.sql"),
    include_str!("sql/written_rows.sql"),
    include_str!("sql/collisions.sql"),
    include_str!("sql/commit.sql")
);
const LOOK_UP: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/look_up.sql"));

/// What a statement that writes rows returns.
#[derive(Deserialize)]
pub struct Committed {
    standing: Option<StoredStanding>,
    /// The number of the change that the statement made.
    change: Option<u64>,
    /// The number of the change that an earlier statement with the same id made.
    committed: Option<u64>,
    /// Whether the id was withdrawn.
    withdrawn: bool,
    /// The runs whose rows are not as they were read.
    differing: Vec<RunId>,
    /// The runs that would have an unfinished run beside them where only one may be.
    colliding: Vec<RunId>,
    #[serde(default)]
    parts: u64,
}

/// Writes rows, and publishes a handoff if there is one: all or nothing.
///
/// # Errors
///
/// If the statement fails, or the machine is not the one that the database knows.
pub async fn commit(
    database: &mut Database,
    asker: &Asker,
    commit: &CommitId,
    reason: &str,
    writes: &[RowWrite],
    lease_ms: u64,
    handoff: Option<&NewHandoff>,
) -> Result<Answer, Failure> {
    let rows = row_write::to_json(writes, asker, Ownerless::HandedOver)?;
    let lease = i64::try_from(lease_ms).unwrap_or(i64::MAX);
    let id = commit.as_str();
    let parts = handoff.map(|handoff| i64::from(handoff.parts));
    let session = handoff.map(|handoff| handoff.session.as_str());
    let target = handoff.and_then(|handoff| handoff.to.as_ref()).map(|machine| machine.as_str());
    let digest = handoff.map(|handoff| handoff.digest.as_str());
    let project = handoff.and_then(|handoff| handoff.project.as_deref());
    let parameters: [Parameter<'_>; 9] = [
        (&id, Type::TEXT),
        (&reason, Type::TEXT),
        (&rows, Type::TEXT),
        (&lease, Type::INT8),
        (&parts, Type::INT8),
        (&session, Type::TEXT),
        (&target, Type::TEXT),
        (&digest, Type::TEXT),
        (&project, Type::TEXT),
    ];
    let found = write(database, COMMIT, &asker.parameters(&parameters)).await;
    let runs = || writes.iter().map(|write| write.run.id.clone()).collect();
    outcome(database, asker, Scope::Writer, found, runs, parts.and_then(|parts| u64::try_from(parts).ok()))
}

/// Runs a statement that writes rows. If its id appears in the feed at the same time, it finds the other one when it runs again.
///
/// # Errors
///
/// If the statement fails, or a unique index refuses a row.
pub async fn write(database: &mut Database, sql: &str, parameters: &[Parameter<'_>]) -> Result<Committed, Refusal> {
    match database.write(sql, parameters).await {
        Err(Refusal::Duplicate { index }) if index == "change_commit" || index == "handoff_pkey" => {
            database.write(sql, parameters).await
        }
        other => other,
    }
}

/// Returns the answer to a statement that writes the rows of these runs.
///
/// # Errors
///
/// If the statement failed, or the machine is not the one that the database knows.
pub fn outcome(
    database: &Database,
    asker: &Asker,
    scope: Scope,
    found: Result<Committed, Refusal>,
    runs: impl FnOnce() -> Vec<RunId>,
    parts: Option<u64>,
) -> Result<Answer, Failure> {
    let found = match found {
        Ok(found) => found,
        // Another statement wrote a run beside one of these meanwhile.
        Err(Refusal::Duplicate { .. }) => return Ok(Answer::Conflict { runs: runs() }),
        Err(Refusal::Failed(failure)) => return Err(failure),
    };
    if let Some(change) = found.change {
        return Ok(Answer::Committed { change });
    }
    standing::check(found.standing, database, asker, scope)?;
    if let Some(change) = found.committed {
        return Ok(Answer::Committed { change });
    }
    if found.withdrawn {
        return Ok(Answer::Withdrawn);
    }
    if let Some(runs) = [found.differing, found.colliding].into_iter().find(|runs| !runs.is_empty()) {
        return Ok(Answer::Conflict { runs });
    }
    let text = match parts {
        Some(parts) => format!("the database has {} of the {parts} parts of the archive", found.parts),
        None => "nothing was written, and nothing differs".to_owned(),
    };
    Err(failure(Cause::Protocol, format!("{}: {text}", database.server())))
}

/// Returns the word by which the feed names a reason.
#[must_use]
pub fn reason_code(reason: Reason) -> String {
    serde_json::to_value(reason).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What the look-up returns.
#[derive(Deserialize)]
struct Found {
    standing: Option<StoredStanding>,
    committed: Option<u64>,
    withdrawn: bool,
}

/// Finds out whether a commit happened, and prevents it if it did not.
///
/// # Errors
///
/// If the statement fails, or the machine is not the one that the database knows.
pub async fn look_up(database: &mut Database, asker: &Asker, commit: &CommitId) -> Result<Answer, Failure> {
    let id = commit.as_str();
    let parameters: [Parameter<'_>; 1] = [(&id, Type::TEXT)];
    // The commit that is looked up can be the one that is in the way. Then it has happened.
    let found = match database.write(LOOK_UP, &asker.parameters(&parameters)).await {
        Err(Refusal::Duplicate { .. }) => database.write(LOOK_UP, &asker.parameters(&parameters)).await,
        other => other,
    };
    let found: Found = found?;
    standing::check(found.standing, database, asker, Scope::Reader)?;
    match found.committed {
        Some(change) => Ok(Answer::Committed { change }),
        None if found.withdrawn => Ok(Answer::Withdrawn),
        None => Err(failure(Cause::Protocol, format!("{}: the look-up wrote nothing", database.server()))),
    }
}
