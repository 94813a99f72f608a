//! `baton demo`: a run, a crash, a resume and a refused late writer, with real processes on a temporary state.

pub mod agent;

use std::path::Path;

use agent_baton_core::id::SessionId;
use baton_display::strip_control_chars_by_line;
use clap::Args;

use crate::commands::demo::agent::{Answer, FakeAgent, WORK_DIR, no_answer};
use crate::error::CommandError;
use crate::output;
use crate::output::terminal::Terminal;

/// Play a run through a crash and a resume, with real processes in a temporary state. Nothing is left behind.
#[derive(Args)]
pub struct Demo {}

/// The session of the demo. Two processes display it, one after the other.
const SESSION: &str = "5f1c7a52-demo-4b0e-9d6a-000000000001";

impl Demo {
    /// Plays the demo.
    ///
    /// # Errors
    /// Returns an error if a step does not have the expected result.
    pub fn run(self) -> Result<(), CommandError> {
        let scratch = tempfile::Builder::new().prefix("baton-demo-").tempdir().map_err(no_scratch)?;
        std::fs::create_dir(scratch.path().join(WORK_DIR)).map_err(no_scratch)?;
        let outcome = run_demo(scratch.path());
        scratch.close().map_err(no_scratch)?;
        outcome
    }
}

fn run_demo(home: &Path) -> Result<(), CommandError> {
    let session: SessionId = SESSION.parse().map_err(|_| CommandError::bug("the demo's session has no valid id"))?;
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
    output::print(&format!("\nThe run's record:\n\n{}\n", indent(&shown.stdout)))?;
    expect(shown.stdout.contains("done"), "the run is done", &shown)?;
    output::print("The run had one owner at every moment. The temporary state and both processes are gone.\n")
}

fn start(session: &SessionId, pane: &str, home: &Path) -> Result<FakeAgent, CommandError> {
    FakeAgent::start(session, pane, home).map_err(no_scratch)
}

fn no_scratch(source: std::io::Error) -> CommandError {
    CommandError::cannot("use", "a scratch directory and processes of its own", source)
}

fn narrate(text: &str) -> Result<(), CommandError> {
    output::print(&format!("\n{}\n", Terminal::stdout().wrap("", text)))
}

/// Prints what baton printed, and the decision behind it.
fn report(agent: &mut FakeAgent, answer: &Answer) -> Result<(), CommandError> {
    let explained = agent.call(&["explain", "last"], "")?;
    let mut text = explained.stdout;
    for (label, output) in [("reply:   ", readable(&answer.stdout)), ("says:    ", answer.stderr.trim().to_owned())] {
        for line in output.lines().filter(|line| !line.is_empty()) {
            text.push_str(&Terminal::stdout().wrap(&format!("  {label}"), line));
            text.push('\n');
        }
    }
    output::print(&text)
}

/// Returns the text of a reply to an agent, or the output of a command unchanged.
fn readable(output: &str) -> String {
    let Ok(reply) = serde_json::from_str::<serde_json::Value>(output) else { return output.trim().to_owned() };
    let model = reply.pointer("/hookSpecificOutput/additionalContext").and_then(|text| text.as_str());
    let user = reply.pointer("/systemMessage").and_then(|text| text.as_str());
    let words = [("(to the model) ", model), ("(to the user) ", user)];
    words
        .iter()
        .filter_map(|(whom, text)| text.map(|text| format!("{whom}{}", strip_control_chars_by_line(text))))
        .collect::<Vec<_>>()
        .join("\n")
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn field(answer: &Answer, name: &str) -> Result<String, CommandError> {
    let value: serde_json::Value = serde_json::from_str(&answer.stdout).map_err(no_answer)?;
    match value.get(name).and_then(|value| value.as_str()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(CommandError::failed(format!("the demo failed: {}{}", answer.stdout, answer.stderr))),
    }
}

fn expect(holds: bool, what: &str, answer: &Answer) -> Result<(), CommandError> {
    if holds {
        Ok(())
    } else {
        Err(CommandError::failed(format!("the demo failed: {what}: {}{}", answer.stdout, answer.stderr)))
    }
}
