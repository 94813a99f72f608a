//! Answers without what depends on a clock or a connection, for comparing a real database with the simulated one.

use baton_fleet_protocol::{Answer, LeaseState, RowOwner, Standing};

/// Returns the answer without times, and without the texts for people.
#[must_use]
pub fn without_clock(mut answer: Answer) -> Answer {
    match &mut answer {
        Answer::Ready(standing) | Answer::Joined(standing) | Answer::Renewed { standing, .. } => clear(standing),
        Answer::Rows(rows) => {
            clear(&mut rows.standing);
            for row in &mut rows.rows {
                row.age_ms = 0;
                if let RowOwner::Machine { lease: LeaseState::Held { left_ms }, .. } = &mut row.owner {
                    *left_ms = 0;
                }
            }
            rows.machines.iter_mut().for_each(|machine| machine.seen_ms = 0);
            rows.handoffs.iter_mut().for_each(|handoff| handoff.age_ms = 0);
        }
        Answer::Changes { standing, changes, .. } => {
            clear(standing);
            changes.iter_mut().for_each(|change| change.age_ms = 0);
        }
        Answer::Failed(failure) => failure.message.clear(),
        Answer::Sql { .. }
        | Answer::Done
        | Answer::Committed { .. }
        | Answer::Conflict { .. }
        | Answer::Withdrawn
        | Answer::Part(_) => {}
    }
    answer
}

fn clear(standing: &mut Standing) {
    (standing.schema, standing.unix_ms) = (0, 0);
    standing.connection.clear();
    standing.server.clear();
}
