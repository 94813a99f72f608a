//! A text that may be typed into a pane.

use std::str::FromStr;

use agent_baton_core::run::is_printable;

/// The maximum length of a typed text, in characters.
const MAX_CHARS: usize = 4000;

/// What makes a text a command of the agent instead of an answer, if the text begins with it: a command of the shell, one of
/// the agent's own, an instruction to remember, a file to read, a task that is sent away.
const COMMANDS: [char; 5] = ['!', '/', '#', '@', '&'];

/// A text of one line without anything that controls a terminal, and no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedText(String);

/// Why a text is not typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypedTextError {
    /// It says nothing.
    #[error("the text is empty")]
    Empty,
    /// It could press keys, or hide what it says.
    #[error("the text has a character that no key types: U+{0:04X}")]
    Control(u32),
    /// It is a command of the agent.
    #[error("the text begins with \"{0}\", so the agent takes it for a command and not for an answer")]
    Command(char),
    /// It is too long.
    #[error("the text has more than {MAX_CHARS} characters")]
    TooLong,
}

impl TypedText {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is one key: a letter or a digit.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.0.len() == 1 && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

impl FromStr for TypedText {
    type Err = TypedTextError;

    fn from_str(text: &str) -> Result<Self, TypedTextError> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(TypedTextError::Empty);
        }
        if text.chars().nth(MAX_CHARS).is_some() {
            return Err(TypedTextError::TooLong);
        }
        if let Some(c) = text.chars().find(|c| !is_printable(*c)) {
            return Err(TypedTextError::Control(c.into()));
        }
        match text.trim_start().chars().next() {
            Some(c) if COMMANDS.contains(&c) => Err(TypedTextError::Command(c)),
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(TypedTextError::Empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_presses_keys_or_is_a_command_is_none() {
        for (text, expected) in [
            ("go on", Ok("go on")),
            (" oui, ça va ", Ok("oui, ça va")),
            ("", Err(TypedTextError::Empty)),
            ("   ", Err(TypedTextError::Empty)),
            ("\u{a0}", Err(TypedTextError::Empty)),
            ("!touch x", Err(TypedTextError::Command('!'))),
            (" /exit", Err(TypedTextError::Command('/'))),
            ("\u{a0}!touch x", Err(TypedTextError::Command('!'))),
            ("#remember", Err(TypedTextError::Command('#'))),
            ("@secret", Err(TypedTextError::Command('@'))),
            ("& do it", Err(TypedTextError::Command('&'))),
            ("go on! /tmp & #3 @x", Ok("go on! /tmp & #3 @x")),
            ("yes\nrm -rf x", Err(TypedTextError::Control(0x0a))),
            ("yes\r", Err(TypedTextError::Control(0x0d))),
            ("a\tb", Err(TypedTextError::Control(0x09))),
            ("\u{1b}[A", Err(TypedTextError::Control(0x1b))),
            ("\u{3}", Err(TypedTextError::Control(0x03))),
            ("a\u{85}b", Err(TypedTextError::Control(0x85))),
            ("a\u{202e}b", Err(TypedTextError::Control(0x202e))),
            ("a\u{2028}b", Err(TypedTextError::Control(0x2028))),
        ] {
            let typed = text.parse::<TypedText>();
            assert_eq!(typed.as_ref().map(TypedText::as_str), expected.as_ref().map(|text| *text), "{text:?}");
        }
        let long = |count: usize| "é".repeat(count).parse::<TypedText>().map(|_| ());
        assert_eq!((long(MAX_CHARS), long(MAX_CHARS + 1)), (Ok(()), Err(TypedTextError::TooLong)));
    }

    #[test]
    fn a_key_is_a_letter_or_a_digit() {
        for (text, expected) in [("1", true), ("y", true), ("é", false), ("?", false), ("10", false)] {
            assert_eq!(text.parse::<TypedText>().unwrap().is_key(), expected, "{text}");
        }
    }
}
