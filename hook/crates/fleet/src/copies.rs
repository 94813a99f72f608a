//! The copies of rows in the state directory.

use agent_baton_core::request::{Command, Named, Reading, Snapshot};
use baton_fleet_protocol::Row;
use baton_store::Store;

use crate::question::Question;

/// Returns the commands that bring outdated copies in line, and that make copies of what the decision needs.
pub(crate) fn outdated(store: &Store, question: &Question, rows: &[Row], known: &Snapshot) -> Vec<Command> {
    let mut commands = Vec::new();
    for row in rows {
        let named = known.runs.iter().find(|named| named.id == row.run.id.as_str()).map(|named| named.reading.clone());
        let reading = match named {
            Some(Reading::Absent) | None => store.read(|view| view.run(&row.run.id)).unwrap_or(Reading::Unreadable),
            Some(reading) => reading,
        };
        let newest = row.run.fleet.as_ref().map(|fleet| fleet.revision);
        let is_outdated = match &reading {
            Reading::Absent => true,
            Reading::Live(copy) | Reading::Archived(copy) => copy.fleet.as_ref().map(|fleet| fleet.revision) < newest,
            Reading::Unreadable | Reading::Deleted => false,
        };
        if is_outdated {
            let fleet = row.run.fleet.as_ref();
            let root = question.root.as_ref().filter(|(_, id)| fleet.is_some_and(|fleet| fleet.project == *id));
            let project = root.map(|(root, _)| root.clone());
            commands.push(Command::Refresh { run: Box::new(row.run.clone()), project });
        }
    }
    commands
}

/// Adds the copies of the rows that the snapshot does not name.
pub(crate) fn add_copies(store: &Store, rows: &[Row], snapshot: &mut Snapshot) {
    for row in rows {
        let id = row.run.id.to_string();
        if snapshot.runs.iter().all(|named| named.id != id)
            && let Ok(reading) = store.read(|view| view.run(&row.run.id))
            && reading.record().is_some()
        {
            snapshot.runs.push(Named { id, reading });
        }
    }
}
