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
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).map_err(CommandError::output)?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(CommandError::input)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(InstallError::Declined.into()),
    }
}
