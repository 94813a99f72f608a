//! Asks the user at the terminal.

use std::io::{self, IsTerminal, Write};

use crate::error::CommandError;
use baton_installer::InstallError;

/// Asks for confirmation at the terminal.
///
/// # Errors
/// Returns [`InstallError::NoTerminal`] if there is no terminal, and [`InstallError::Declined`] if the user answers
/// no.
pub fn confirm(question: &str) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        return Err(InstallError::NoTerminal.into());
    }
    if ask(question)? { Ok(()) } else { Err(InstallError::Declined.into()) }
}

/// Asks at the terminal, if there is one. Without a terminal, the answer is no.
///
/// # Errors
/// Returns an error if the terminal cannot be read or written.
pub fn confirm_at_terminal(question: impl FnOnce() -> String) -> Result<bool, CommandError> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() { ask(&question()) } else { Ok(false) }
}

fn ask(question: &str) -> Result<bool, CommandError> {
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).map_err(CommandError::output)?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(CommandError::input)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
