//! Renders one line of counts for a status bar.

use agent_baton_core::process::Live;

use crate::commands::status::report::{Cause, LiveState, waiting};
use crate::session_list::Overview;
use baton_engine::discovery::{ForeignLoop, ForeignLoopState};
use baton_engine::session_status::SessionStatus;

/// Returns the counts: what waits, by cause, and then everything else. Empty if there is nothing to count.
pub(super) fn render(seen: &Overview, loops: &[ForeignLoop]) -> String {
    let waiting = waiting(seen);
    let mut counts: Vec<(usize, &str)> =
        Cause::ALL.iter().map(|cause| (waiting.iter().filter(|it| it.cause == *cause).count(), cause.word())).collect();
    let alive =
        |as_what: LiveState| seen.sessions.iter().filter(|it| LiveState::from_session(it) == Some(as_what)).count();
    counts.push((alive(LiveState::Working), "at work"));
    counts.push((alive(LiveState::Unprompted), "opened"));
    let in_state = |state: ForeignLoopState| loops.iter().filter(|it| it.state == state).count();
    counts.push((in_state(ForeignLoopState::Active), "other loops"));
    let interrupted_runs = seen.runs.iter().filter(|(_, live)| *live == Live::No).count();
    counts.push((interrupted_runs + in_state(ForeignLoopState::Interrupted), "interrupted"));
    let unknown = seen.sessions.iter().filter(|it| it.standing.status == SessionStatus::Unknown).count();
    counts.push((unknown + in_state(ForeignLoopState::Unknown), "unknown"));
    counts.push((seen.lost().count(), "lost"));
    counts.push((seen.unreadable.len(), "unreadable"));
    let parts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| match (count, word) {
        (1, "other loops") => "1 other loop".to_owned(),
        _ => format!("{count} {word}"),
    });
    let mut line = parts.collect::<Vec<_>>().join(", ");
    line.push('\n');
    line
}
