//! What the new owner of a run did not get, in words.

use agent_baton_core::session::Dropped;

use super::printable::printable;

/// Says to the model what the new owner did not get, or nothing. A phase could be an instruction, so it is not repeated.
pub(super) fn for_model(dropped: Option<&Dropped>) -> String {
    dropped.map(|dropped| text(dropped, "a phase".to_owned())).unwrap_or_default()
}

/// Says to the user what the new owner did not get, or nothing.
pub(super) fn for_user(dropped: Option<&Dropped>) -> String {
    let phase = |dropped: &Dropped| dropped.reached.phase.as_deref().map(printable).unwrap_or_default();
    dropped.map(|dropped| text(dropped, format!("the phase \"{}\"", phase(dropped)))).unwrap_or_default()
}

fn text(Dropped { after, reached }: &Dropped, phase: String) -> String {
    let phase = reached.phase.is_some().then_some(phase);
    let iterations = match reached.iteration.saturating_sub(*after) {
        0 => None,
        1 => Some(format!("iteration {}", reached.iteration)),
        count => Some(format!("{count} iterations ({} to {})", after.saturating_add(1), reached.iteration)),
    };
    let what: Vec<String> = iterations.into_iter().chain(phase).collect();
    format!(
        " The new owner did not get what was done here while the database could not be reached: {}.",
        what.join(" and ")
    )
}
