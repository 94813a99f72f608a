//! Answers without what depends on a clock or a connection, and in one order, for comparing a real database with the simulated one.

use baton_fleet_protocol::{Answer, LeaseState, RowOwner, Rows, Standing};

/// Returns the answer without times, and without the texts for people. Lists that have no order are sorted.
#[must_use]
pub fn without_clock(mut answer: Answer) -> Answer {
    match &mut answer {
        Answer::Ready(standing) | Answer::Joined(standing) => clear(standing),
        Answer::Renewed { standing, renewed, ended } => {
            clear(standing);
            renewed.sort();
            ended.sort();
        }
        Answer::Conflict { runs } => runs.sort(),
        Answer::Round { renewed, ended, rows } => {
            renewed.sort();
            ended.sort();
            clear_rows(rows);
        }
        Answer::Rows(rows) => clear_rows(rows),
        Answer::Changes { standing, changes, .. } => {
            clear(standing);
            for change in changes {
                change.age_ms = 0;
                change.runs.sort();
            }
        }
        Answer::Stored(items) => {
            items.oldest_ms = None;
            items.archives.iter_mut().for_each(|archive| archive.left_ms = 0);
        }
        Answer::Failed(failure) => failure.message.clear(),
        Answer::Sql { .. } | Answer::Done | Answer::Committed { .. } | Answer::Withdrawn | Answer::Part(_) => {}
    }
    answer
}

fn clear(standing: &mut Standing) {
    (standing.schema, standing.unix_ms) = (0, 0);
    standing.connection.clear();
    standing.server.clear();
}

fn clear_rows(rows: &mut Rows) {
    clear(&mut rows.standing);
    for row in &mut rows.rows {
        row.age_ms = 0;
        if let RowOwner::Machine { lease: LeaseState::Held { left_ms }, .. } = &mut row.owner {
            *left_ms = 0;
        }
    }
    rows.machines.iter_mut().for_each(|machine| machine.seen_ms = 0);
    rows.handoffs.iter_mut().for_each(|handoff| handoff.age_ms = 0);
    rows.rows.sort_by(|one, other| one.run.id.cmp(&other.run.id));
    rows.machines.sort_by(|one, other| one.id.cmp(&other.id));
    rows.handoffs.sort_by(|one, other| one.id.cmp(&other.id));
}
