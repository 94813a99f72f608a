//! The demo on two machines: a run is handed over, its new machine is cut off, and the run is taken over.

use std::path::Path;

use super::agent::FakeAgent;
use super::machine::Machine;
use super::narration::{expect, field, indent, narrate, report, session};
use super::server::Server;
use crate::error::CommandError;
use crate::output;

/// Plays the demo with its files in `scratch`.
///
/// # Errors
/// Returns an error if PostgreSQL is not installed, or if a step does not have the expected result.
pub(super) fn play(scratch: &Path) -> Result<(), CommandError> {
    let session = session()?;
    let server = Server::start(scratch)?;
    narrate(
        "Two machines share a PostgreSQL, which the demo started. Simulated: here each machine is a directory with a user, a \
         state and a clone of its own.",
    )?;
    let laptop = Machine::new(scratch, "laptop", &server.url())?;
    let desktop = Machine::new(scratch, "desktop", &server.url())?;
    laptop.user(&["fleet", "init"])?;
    for (machine, name) in [(&laptop, "laptop"), (&desktop, "desktop")] {
        machine.user(&["fleet", "join", "--no-timer", "--name", name])?;
    }

    narrate("An agent on laptop starts a run of the fleet. Its row in the database decides who owns it.")?;
    let mut first = laptop.agent(&session, "%1")?;
    let transcript = laptop.write_transcript(&session)?;
    first.event("SessionStart", &[("source", "startup"), ("transcript_path", &transcript)])?;
    let prompt = [("prompt", "port the parser"), ("transcript_path", transcript.as_str())];
    first.event("UserPromptSubmit", &prompt)?;
    let start = ["run", "start", "port the parser", "--fleet", "--max-iterations", "20", "--json"];
    let started = first.call(&start, "")?;
    let run = field(&started, "id")?;
    report(&mut first, &started)?;
    update(&mut first, &run, "3")?;

    narrate("You end the agent, and hand its session over with its run and its conversation.")?;
    first.event("Stop", &[])?;
    first.event("SessionEnd", &[("reason", "prompt_input_exit")])?;
    drop(first);
    laptop.user(&["handoff", session.as_str(), "--to", "desktop"])?;
    desktop.user(&["pickup"])?;

    narrate(
        "You resume it on desktop with that command, in the demo with its own agent. There the session owns its run.",
    )?;
    let mut second = desktop.agent(&session, "%2")?;
    let answer = second.event("SessionStart", &[("source", "resume")])?;
    report(&mut second, &answer)?;
    second.event("UserPromptSubmit", &[("prompt", "continue")])?;
    let fence = fence(&mut second, &run)?;

    narrate("Now desktop is cut off from the database. Its agent goes on, because its lease lasts for five minutes.")?;
    desktop.set_url(&server.unreachable_url())?;
    update(&mut second, &run, "4")?;

    narrate(
        "Five minutes later the lease has ended. Simulated: the demo ends it in the database and on desktop, and waits for \
         nothing. A step that must be the owner's is refused on desktop now.",
    )?;
    server.sql("update baton.run set lease_end = now() - interval '1 second'")?;
    desktop.end_leases()?;
    let verify = ["run", "verify", &run, "--fence", &fence];
    let answer = second.call(&verify, "")?;
    report(&mut second, &answer)?;
    expect(answer.status == Some(3), "an owner without a lease is refused", &answer)?;

    narrate(
        "You resume the session on laptop. The run moves there. The database never got desktop's iteration 4, so it does not \
         count.",
    )?;
    let mut third = laptop.agent(&session, "%3")?;
    let resumed = [("source", "resume"), ("transcript_path", transcript.as_str())];
    let answer = third.event("SessionStart", &resumed)?;
    report(&mut third, &answer)?;
    update(&mut third, &run, "5")?;

    narrate("desktop can reach the database again. Its agent is no longer the owner, and is told.")?;
    desktop.set_url(&server.url())?;
    let answer = second.call(&verify, "")?;
    report(&mut second, &answer)?;
    expect(answer.status == Some(3), "the old owner is refused", &answer)?;
    let answer = second.event("UserPromptSubmit", &[("prompt", "more")])?;
    report(&mut second, &answer)?;
    expect(answer.stdout.contains("was stopped here. Another machine"), "the old owner is told", &answer)?;

    narrate("The owner on laptop finishes the run.")?;
    let answer = third.call(&["run", "finish", &run], "")?;
    report(&mut third, &answer)?;
    let shown = third.call(&["run", "show", &run], "")?;
    output::print(&format!("\nThe run's record:\n\n{}", indent(&shown.stdout)))?;
    expect(shown.stdout.contains("done"), "the run is done", &shown)?;
    narrate("The run had one owner at every moment. The database, both machines and all processes are gone.")
}

fn update(agent: &mut FakeAgent, run: &str, iteration: &str) -> Result<(), CommandError> {
    let answer = agent.call(&["run", "update", run, "--iteration", iteration], "")?;
    report(agent, &answer)?;
    expect(answer.status == Some(0), "the owner continues", &answer)
}

/// Returns the run's fence, as the machine of this agent knows it.
fn fence(agent: &mut FakeAgent, run: &str) -> Result<String, CommandError> {
    let shown = agent.call(&["run", "show", run, "--json"], "")?;
    let value: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap_or_default();
    let fence = value.pointer("/fence").and_then(serde_json::Value::as_u64);
    fence.map(|fence| fence.to_string()).ok_or_else(|| {
        CommandError::failed(format!("the demo failed: the run's fence: {}{}", shown.stdout, shown.stderr))
    })
}
