//! Renders one line of counts for a status bar.

use agent_baton_core::process::Live;

use crate::commands::status::report::{Cause, LiveState, waiting};
use crate::session_list::Overview;
use baton_engine::session_status::SessionStatus;

/// Returns the counts: what waits, by cause, and then everything else. Empty if there is nothing to count.
pub(super) fn render(seen: &Overview) -> String {
    let waiting = waiting(seen);
    let mut counts: Vec<(usize, &str)> =
        Cause::ALL.iter().map(|cause| (waiting.iter().filter(|it| it.cause == *cause).count(), cause.word())).collect();
    let alive =
        |as_what: LiveState| seen.sessions.iter().filter(|it| LiveState::from_session(it) == Some(as_what)).count();
    counts.push((alive(LiveState::Working), "at work"));
    counts.push((alive(LiveState::Unprompted), "opened"));
    counts.push((seen.runs.iter().filter(|(_, live)| *live == Live::No).count(), "interrupted"));
    counts.push((seen.sessions.iter().filter(|it| it.standing.status == SessionStatus::Unknown).count(), "unknown"));
    counts.push((seen.lost().count(), "lost"));
    counts.push((seen.unreadable.len(), "unreadable"));
    let parts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let mut line = parts.collect::<Vec<_>>().join(", ");
    line.push('\n');
    line
}
