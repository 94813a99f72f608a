//! What the demo prints, and the checks of its steps.

use agent_baton_core::id::SessionId;
use baton_display::strip_control_chars_by_line;

use super::agent::{Answer, FakeAgent};
use crate::error::CommandError;
use crate::output;
use crate::output::terminal::Terminal;

/// The session of the demo. Several processes display it, one after the other.
const SESSION: &str = "5f1c7a52-demo-4b0e-9d6a-000000000001";

/// Returns the session of the demo.
///
/// # Errors
/// Returns an error if its id is not one.
pub(super) fn session() -> Result<SessionId, CommandError> {
    SESSION.parse().map_err(|_| CommandError::bug("the demo's session has no valid id"))
}

/// Returns the error about a file or a process of the demo.
pub(super) fn no_scratch(source: std::io::Error) -> CommandError {
    CommandError::cannot("use", "a scratch directory and processes of its own", source)
}

/// Prints what happens next.
///
/// # Errors
/// Returns an error if it cannot be printed.
pub(super) fn narrate(text: &str) -> Result<(), CommandError> {
    output::print(&format!("\n{}\n", Terminal::stdout().wrap("", text)))
}

/// Prints what baton printed, and the decision behind it.
///
/// # Errors
/// Returns an error if it cannot be printed, or if the agent does not answer.
pub(super) fn report(agent: &mut FakeAgent, answer: &Answer) -> Result<(), CommandError> {
    let explained = agent.call(&["explain", "last"], "")?;
    output::print(&explained.stdout)?;
    print_output(answer)
}

/// Prints what baton printed.
///
/// # Errors
/// Returns an error if it cannot be printed.
pub(super) fn print_output(answer: &Answer) -> Result<(), CommandError> {
    let mut text = String::new();
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

/// Returns a text with each line indented.
pub(super) fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Returns a field of the JSON that a command printed.
///
/// # Errors
/// Returns an error if it printed none.
pub(super) fn field(answer: &Answer, name: &str) -> Result<String, CommandError> {
    // A command that was refused printed no JSON, and said why on stderr.
    let value: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap_or_default();
    match value.get(name).and_then(|value| value.as_str()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(CommandError::failed(format!("the demo failed: {}{}", answer.stdout, answer.stderr))),
    }
}

/// Checks the result of a step.
///
/// # Errors
/// Returns an error if it is not as expected.
pub(super) fn expect(holds: bool, what: &str, answer: &Answer) -> Result<(), CommandError> {
    if holds {
        Ok(())
    } else {
        Err(CommandError::failed(format!("the demo failed: {what}: {}{}", answer.stdout, answer.stderr)))
    }
}
