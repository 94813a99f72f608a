//! zellij.

use std::process::Command;

use super::{MultiplexerError, answer, shell_quote};

/// A session of zellij.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zellij<'a> {
    session: &'a str,
}

impl<'a> Zellij<'a> {
    /// The session of this name.
    #[must_use]
    pub const fn named(session: &'a str) -> Self {
        Self { session }
    }

    /// Selects a pane. Gives the command by which a user gets there, where the caller is not in the session.
    ///
    /// # Errors
    /// See [`MultiplexerError`]; versions before 0.44 cannot select a pane by its number.
    pub fn select(&self, pane: &str) -> Result<Option<String>, MultiplexerError> {
        let mut command = Command::new("zellij");
        command.args(["--session", self.session, "action", "focus-pane-id", pane]);
        answer("zellij", command)?;
        let inside = std::env::var("ZELLIJ_SESSION_NAME").is_ok_and(|name| name == self.session);
        Ok((!inside).then(|| format!("zellij attach {}", shell_quote(self.session))))
    }
}
