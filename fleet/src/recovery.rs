//! What follows after the database was restored from an older copy.

use baton_fleet_protocol::{Answer, CommitId, Failure, Position, RowWrite};
use serde::Deserialize;
use tokio_postgres::types::Type;

use crate::commit;
use crate::connection::Parameter;
use crate::database::{Database, Refusal};
use crate::row_write::{self, Ownerless};
use crate::standing::{self, Asker, Scope, StoredStanding};

const RECOVER: &str = concat!(include_str!("sql/standing.sql"), include_str!("sql/recover.sql"));
const RESTORE: &str = concat!(
    include_str!("sql/standing.sql"),
    include_str!("sql/merged_rows.sql"),
    include_str!("sql/collisions.sql"),
    include_str!("sql/restore.sql")
);

/// What the recovery returns.
#[derive(Deserialize)]
struct Recovered {
    standing: Option<StoredStanding>,
    change: Option<u64>,
}

/// Raises the epoch and the fences, if the evidence is still there. The answer has the epoch that the database has then.
///
/// # Errors
///
/// If the statement fails, or the database is of another fleet.
pub async fn recover(
    database: &mut Database,
    asker: &Asker,
    (epoch, next): (u64, u64),
    seen: &Position,
    commit: &CommitId,
    lease_ms: u64,
) -> Result<Answer, Failure> {
    let asker = asker.clone().with_epoch(epoch);
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (next_epoch, change, lease) = (number(next), number(seen.change), number(lease_ms));
    let (id, seen_commit) = (commit.as_str(), seen.commit.as_ref().map(CommitId::as_str));
    let parameters: [Parameter<'_>; 5] = [
        (&id, Type::TEXT),
        (&next_epoch, Type::INT8),
        (&change, Type::INT8),
        (&seen_commit, Type::TEXT),
        (&lease, Type::INT8),
    ];
    let found: Recovered = match database.write(RECOVER, &asker.parameters(&parameters)).await {
        // The same recovery was asked for before, and its answer was lost.
        Err(Refusal::Duplicate { .. }) => database.write(RECOVER, &asker.parameters(&parameters)).await?,
        other => other?,
    };
    let mut standing = standing::check(found.standing, database, &asker, Scope::Fleet)?;
    if let Some(change) = found.change {
        standing.epoch = next;
        standing.newest = Position { change, commit: Some(commit.clone()) };
    }
    Ok(Answer::Ready(standing))
}

/// Merges rows into those of the restored database.
///
/// # Errors
///
/// If the statement fails, or the machine is not the one that the database knows.
pub async fn restore(
    database: &mut Database,
    asker: &Asker,
    commit: &CommitId,
    rows: &[RowWrite],
    lease_ms: u64,
) -> Result<Answer, Failure> {
    let json = row_write::to_json(rows, asker, Ownerless::TakenBack)?;
    let lease = i64::try_from(lease_ms).unwrap_or(i64::MAX);
    let id = commit.as_str();
    let parameters: [Parameter<'_>; 3] = [(&id, Type::TEXT), (&json, Type::TEXT), (&lease, Type::INT8)];
    let found = commit::write(database, RESTORE, &asker.parameters(&parameters)).await;
    commit::outcome(
        database,
        asker,
        Scope::Restorer,
        found,
        || rows.iter().map(|row| row.run.id.clone()).collect(),
        None,
    )
}
