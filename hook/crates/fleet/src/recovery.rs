//! After the database was restored from an older copy: raises the fences, and writes back what this machine knows.

use std::time::Instant;

use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;
use baton_display::format_count;
use baton_fleet_protocol::{Answer, Position, Request, RowWrite, Standing, to_row_record};

use crate::connection::Connection;
use crate::error::FleetError;
use crate::membership::new_commit;

/// How many runs are written back in one statement.
const RUNS_PER_STATEMENT: usize = 200;

/// Raises the fences of all unfinished runs and begins a new epoch, because the feed does not have the change `seen`, which this
/// machine knows from `epoch`. If another machine does so at the same time, only one of
/// them does it.
///
/// # Errors
/// Returns an error if the database cannot be asked.
pub fn recover(
    connection: &mut dyn Connection,
    (epoch, seen): (u64, Position),
    standing: Standing,
    lease_ms: u64,
    deadline: Instant,
) -> Result<Standing, FleetError> {
    let request = Request::Recover {
        epoch: standing.epoch,
        next: standing.epoch.max(epoch).saturating_add(1),
        seen: seen.clone(),
        commit: new_commit()?,
        lease_ms,
    };
    match connection.ask(&request, deadline)? {
        Answer::Ready(standing) => Ok(standing),
        // Another machine was first, or what was read came from a standby that was behind.
        Answer::Conflict { .. } => {
            let again = Request::Changes { after: seen, limit: 1 };
            match connection.ask(&again, deadline)? {
                Answer::Changes { standing, .. } => Ok(standing),
                _ => Err(FleetError::Answer),
            }
        }
        _ => Err(FleetError::Answer),
    }
}

/// Writes back the runs of this machine. Returns those that were left out, because another run has their session or name
/// meanwhile.
///
/// # Errors
/// Returns an error if the database cannot be asked. What was written before stands, and it can be repeated.
pub fn restore(
    connection: &mut dyn Connection,
    runs: &[Run],
    lease_ms: u64,
    deadline: Instant,
) -> Result<Vec<RunId>, FleetError> {
    let mut left_out = Vec::new();
    for runs in runs.chunks(RUNS_PER_STATEMENT) {
        let row = |run: &Run| RowWrite { before: None, run: to_row_record(run), directory: None };
        let mut rows: Vec<RowWrite> = runs.iter().map(row).collect();
        while !rows.is_empty() {
            let request = Request::Restore { commit: new_commit()?, rows: rows.clone(), lease_ms };
            match connection.ask(&request, deadline)? {
                Answer::Committed { .. } => break,
                Answer::Conflict { runs } => {
                    let sent = rows.len();
                    rows.retain(|row| !runs.contains(&row.run.id));
                    if rows.len() == sent {
                        return Err(FleetError::Answer);
                    }
                    left_out.extend(runs);
                }
                _ => return Err(FleetError::Answer),
            }
        }
    }
    Ok(left_out)
}

/// Returns which of these runs have no row, so that no refresh will ever reach their copies.
///
/// # Errors
/// Returns an error if the database cannot be asked.
pub fn without_row(
    connection: &mut dyn Connection,
    runs: Vec<RunId>,
    deadline: Instant,
) -> Result<Vec<RunId>, FleetError> {
    if runs.is_empty() {
        return Ok(runs);
    }
    let request = Request::Read { runs: runs.clone(), sessions: Vec::new(), projects: Vec::new() };
    let Answer::Rows(rows) = connection.ask(&request, deadline)? else { return Err(FleetError::Answer) };
    let has_row = |run: &RunId| {
        rows.rows.iter().any(|row| row.run.id == *run) || rows.unreadable.iter().any(|(row, _)| row == run.as_str())
    };
    Ok(runs.into_iter().filter(|run| !has_row(run)).collect())
}

/// Returns what the user must know after a restore.
#[must_use]
pub fn notice(written: usize, replaced: &[Run]) -> String {
    let mut text = format!(
        "the fleet's database was restored from an older copy: the fence of every unfinished run grew, and this machine wrote back {} \
         that it knows",
        format_count(written, "run", "runs")
    );
    if !replaced.is_empty() {
        let names: Vec<String> = replaced.iter().map(|run| format!("{} ({})", run.name.as_str(), run.id)).collect();
        text.push_str(&format!(
            ". It abandoned {}, because another run has the session or the name there now: {}",
            format_count(replaced.len(), "run", "runs"),
            names.join(", ")
        ));
    }
    text
}
