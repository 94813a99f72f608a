//! zellij.

use std::process::Command;

use super::{MultiplexerError, answer, shell_quote};

/// A zellij session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zellij<'a> {
    session: &'a str,
}

impl<'a> Zellij<'a> {
    /// Returns the session with this name.
    #[must_use]
    pub const fn named(session: &'a str) -> Self {
        Self { session }
    }

    /// Selects a pane. If the caller is not in the session, this returns the command with which the user gets there.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if zellij fails. Versions before 0.44 cannot select a pane by its number.
    pub fn select(&self, pane: &str) -> Result<Option<String>, MultiplexerError> {
        let mut command = Command::new("zellij");
        command.args(["--session", self.session, "action", "focus-pane-id", pane]);
        answer("zellij", command)?;
        let inside = std::env::var("ZELLIJ_SESSION_NAME").is_ok_and(|name| name == self.session);
        Ok((!inside).then(|| format!("zellij attach {}", shell_quote(self.session))))
    }
}
