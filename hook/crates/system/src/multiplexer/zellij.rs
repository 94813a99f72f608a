//! zellij.

use super::{MultiplexerError, TypedText, answer, shell_quote};

/// What the Enter key sends, as a decimal number.
const CARRIAGE_RETURN: &str = "13";

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

    /// Types a text into a pane, as it is.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if zellij fails. Versions before 0.44 cannot name the pane.
    pub fn type_text(&self, pane: &str, text: &TypedText) -> Result<(), MultiplexerError> {
        self.act(&text_arguments(pane, text))
    }

    /// Presses Enter in a pane.
    ///
    /// # Errors
    /// See [`Self::type_text`].
    pub fn press_enter(&self, pane: &str) -> Result<(), MultiplexerError> {
        self.act(&enter_arguments(pane))
    }

    fn act(&self, words: &[&str]) -> Result<(), MultiplexerError> {
        // The name is a part of the path of its socket.
        if self.session.starts_with(['-', '.']) || self.session.contains('/') {
            return Err(MultiplexerError::SessionName { name: self.session.to_owned() });
        }
        answer("zellij", ["--session", self.session, "action"].iter().chain(words)).map(|_| ())
    }

    /// Selects a pane. If the caller is not in the session, this returns the command with which the user gets there.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if zellij fails. Versions before 0.44 cannot select a pane by its number.
    pub fn select(&self, pane: &str) -> Result<Option<String>, MultiplexerError> {
        self.act(&["focus-pane-id", pane])?;
        let inside = std::env::var("ZELLIJ_SESSION_NAME").is_ok_and(|name| name == self.session);
        Ok((!inside).then(|| format!("zellij attach {}", shell_quote(self.session))))
    }
}

/// The arguments that type a text. None of its words is an option.
fn text_arguments<'a>(pane: &'a str, text: &'a TypedText) -> [&'a str; 5] {
    ["write-chars", "--pane-id", pane, "--", text.as_str()]
}

const fn enter_arguments(pane: &str) -> [&str; 4] {
    ["write", "--pane-id", pane, CARRIAGE_RETURN]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_an_option_or_leads_elsewhere_is_no_session() {
        for name in ["../../tmp/x", "/tmp/x", "-x", "--layout", ".", ".."] {
            let refused = Zellij::named(name).select("1").unwrap_err();
            assert!(matches!(refused, MultiplexerError::SessionName { .. }), "{name}: {refused}");
        }
    }

    #[test]
    fn a_typed_text_is_one_argument_and_no_option() {
        for text in ["go on", "--pane-id 4", "-n", "$(x); y", "é"] {
            let text: TypedText = text.parse().unwrap();
            assert_eq!(text_arguments("3", &text), ["write-chars", "--pane-id", "3", "--", text.as_str()]);
        }
        assert_eq!(enter_arguments("3"), ["write", "--pane-id", "3", "13"]);
    }
}
