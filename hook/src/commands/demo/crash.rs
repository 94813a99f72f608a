//! The demo on one machine: a run, a crash, a resume and a refused late writer.

use std::path::Path;

use agent_baton_core::id::SessionId;

use super::agent::FakeAgent;
use super::narration::{expect, field, indent, narrate, no_scratch, report, session};
use crate::error::CommandError;
use crate::output;

/// Plays the demo with its files in `home`.
///
/// # Errors
/// Returns an error if a step does not have the expected result.
pub(super) fn play(home: &Path) -> Result<(), CommandError> {
    let session = session()?;
    narrate("An agent starts in pane %1. Its hook calls baton.")?;
    let mut first = start(&session, "%1", home)?;
    let answer = first.event("SessionStart", &[("source", "startup")])?;
    report(&mut first, &answer)?;

    narrate("The agent starts a long piece of work, a run. It owns the run with fence 1.")?;
    let started = first.call(&["run", "start", "port the parser", "--max-iterations", "20", "--json"], "")?;
    let run = field(&started, "id")?;
    report(&mut first, &started)?;
    let answer = first.event("UserPromptSubmit", &[("prompt", "continue")])?;
    report(&mut first, &answer)?;
    let answer = first.call(&["run", "update", &run, "--iteration", "3"], "")?;
    report(&mut first, &answer)?;

    narrate(&format!("The agent's process {} is killed with kill -9. No hook runs.", first.pid()))?;
    first.crash().map_err(no_scratch)?;

    narrate("You resume the same session in pane %2. The event comes from a new process.")?;
    let mut second = start(&session, "%2", home)?;
    let answer = second.event("SessionStart", &[("source", "resume")])?;
    report(&mut second, &answer)?;

    narrate("A leftover of the first process tries to continue with its old fence 1.")?;
    let answer = second.call(&["run", "update", &run, "--iteration", "4", "--fence", "1"], "")?;
    report(&mut second, &answer)?;
    expect(answer.status == Some(3), "the stale fence is refused", &answer)?;

    narrate("The new owner continues and finishes the run.")?;
    let answer = second.call(&["run", "update", &run, "--iteration", "4"], "")?;
    report(&mut second, &answer)?;
    let answer = second.call(&["run", "finish", &run], "")?;
    report(&mut second, &answer)?;

    let shown = second.call(&["run", "show", &run], "")?;
    output::print(&format!("\nThe run's record:\n\n{}", indent(&shown.stdout)))?;
    expect(shown.stdout.contains("done"), "the run is done", &shown)?;
    narrate("The run had one owner at every moment. The temporary state and both processes are gone.")
}

fn start(session: &SessionId, pane: &str, home: &Path) -> Result<FakeAgent, CommandError> {
    FakeAgent::start(session, pane, home).map_err(no_scratch)
}
