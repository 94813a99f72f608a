//! One line of counts, for a status bar.

use agent_baton_core::process::Live;

use crate::commands::roster::SeenAll;
use crate::commands::status::report::{Alive, Cause, waiting};
use crate::status::Status;

/// What waits, by cause; then what else there is. Empty where there is nothing.
pub(super) fn line(seen: &SeenAll) -> String {
    let waiting = waiting(seen);
    let mut counts: Vec<(usize, &str)> =
        Cause::ALL.iter().map(|cause| (waiting.iter().filter(|it| it.cause == *cause).count(), cause.word())).collect();
    let alive = |as_what: Alive| seen.sessions.iter().filter(|it| Alive::of(it) == Some(as_what)).count();
    counts.push((alive(Alive::Works), "at work"));
    counts.push((alive(Alive::Opened), "opened"));
    counts.push((seen.runs.iter().filter(|(_, live)| *live == Live::No).count(), "interrupted"));
    counts.push((seen.sessions.iter().filter(|it| it.standing.status == Status::Unknown).count(), "unknown"));
    counts.push((seen.lost().count(), "lost"));
    counts.push((seen.unreadable.len(), "unreadable"));
    let parts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let mut line = parts.collect::<Vec<_>>().join(", ");
    line.push('\n');
    line
}
