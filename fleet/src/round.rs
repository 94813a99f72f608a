//! One round of a witness: two statements that are sent together, so it is one round trip.
//!
//! The rows are read by a statement of their own. In the statement that renews, a machine would read the rows that the others renew
//! and write its own ones, so of two rounds at the same time the server would refuse one.

use agent_baton_core::id::RunId;
use baton_fleet_protocol::{Answer, Failure};

use crate::database::Database;
use crate::renewal::{RENEW, Renewed, Renewing};
use crate::rows::{LIST, ListValues, StoredRows};
use crate::standing::Asker;

/// Replaces the token, renews leases and records ends. Then reads the unfinished runs and these ones.
///
/// # Errors
///
/// If a statement fails, or the machine is not the one that the database knows.
pub async fn round(
    database: &mut Database,
    asker: &Asker,
    renewing: Renewing<'_>,
    runs: &[RunId],
    limit: u32,
) -> Result<Answer, Failure> {
    let (values, list) = (renewing.values()?, ListValues::new(runs, limit));
    // When the rows are read, the database has the next token.
    let reader = renewing.next.map_or_else(|| asker.clone(), |next| asker.clone().with_token(next));
    let renewal = (RENEW, asker.parameters(&values.parameters()));
    let reading = (LIST, reader.parameters(&list.parameters()));
    let (renewed, read) = database.write_and_read::<Renewed, StoredRows>(&renewal, &reading).await?;
    let (_, renewed, ended) = renewed.check(database, asker)?;
    Ok(Answer::Round { renewed, ended, rows: read?.check(database, asker)? })
}
