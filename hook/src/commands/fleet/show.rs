//! `baton fleet show`.

use agent_baton_core::id::RunId;
use baton_display::strip_control_chars_by_line;
use baton_fleet_client::{FleetError, MAX_CACHED_ROWS};
use baton_fleet_protocol::{Answer, HandoffSummary, Machine, Request, Row, RowOwner, Rows, StoredArchive};
use clap::Args;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;

/// Print what the database stores about this machine.
#[derive(Args)]
pub struct Show {
    /// Print the rows of this machine, as the database has them
    #[arg(long, required = true)]
    what_is_stored: bool,
}

/// The rows of one machine.
#[derive(Serialize)]
struct StoredRows<'a> {
    machine: Option<&'a Machine>,
    runs: Vec<&'a Row>,
    handoffs: Vec<&'a HandoffSummary>,
    unreadable: &'a [(String, String)],
    /// The parts of sessions' archives.
    archives: &'a [StoredArchive],
    /// How many lines of the feed of changes are about what this machine did.
    changes: u64,
    /// How old the oldest of these lines is.
    oldest_change_ms: Option<u64>,
}

/// What the rows do not show.
const BESIDE_THE_ROWS: &str = "\
Each of the `changes` is one line: its number and id, this machine, the reason,
the time, and the runs with their fences. They are kept as long as the fleet.
By them a machine finds out that the database was restored from an older copy.

Each of the `archives` is a session that was handed over, with its transcript.
It is removed when the other machine has imported it, and after `left_ms`
milliseconds at the latest.

The database never gets a prompt, a message, or a path except the base name of
a project's directory, but for those in an archive.
";

impl Show {
    /// Prints the rows.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, or if the database cannot be asked.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let here = context.joined()?.machine;
        let (mut connection, deadline) = context.connect()?;
        let mut ask = |request| match connection.ask(&request, deadline)? {
            Answer::Rows(rows) => Ok::<Rows, CommandError>(rows),
            _ => Err(FleetError::Answer.into()),
        };
        let mut rows = ask(Request::List { limit: MAX_CACHED_ROWS })?;
        let known: Vec<RunId> = context.fleet_runs()?.into_iter().map(|run| run.id).collect();
        let missing: Vec<RunId> =
            known.iter().filter(|id| rows.rows.iter().all(|row| row.run.id != **id)).cloned().collect();
        if !missing.is_empty() {
            rows.rows.extend(ask(Request::Read { runs: missing, sessions: Vec::new(), projects: Vec::new() })?.rows);
        }
        let Answer::Stored(items) = connection.ask(&Request::Stored, deadline)? else {
            return Err(FleetError::Answer.into());
        };
        let is_ours = |row: &&Row| {
            known.contains(&row.run.id) || matches!(&row.owner, RowOwner::Machine { id, .. } if *id == here)
        };
        let stored = StoredRows {
            machine: rows.machines.iter().find(|machine| machine.id == here),
            runs: rows.rows.iter().filter(is_ours).collect(),
            handoffs: rows
                .handoffs
                .iter()
                .filter(|it| it.from == here || it.picked_up.as_ref() == Some(&here))
                .collect(),
            unreadable: &rows.unreadable,
            archives: &items.archives,
            changes: items.changes,
            oldest_change_ms: items.oldest_ms,
        };
        let text = serde_json::to_string_pretty(&stored).map_err(|_| CommandError::bug("the rows are no JSON"))?;
        output::print(&strip_control_chars_by_line(&format!("{text}\n")))?;
        output::print(BESIDE_THE_ROWS)
    }
}
