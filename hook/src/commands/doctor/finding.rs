//! The findings of a check.

use serde::Serialize;

use crate::hint::Advice;
use crate::output::style::Style;
use crate::output::terminal::Terminal;

/// How important a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Everything is as it should be.
    Ok,
    /// Worth knowing, but nothing needs to be done.
    Note,
    /// Something needs to be done.
    Problem,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// How important it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// Creates a finding of level [`Level::Ok`].
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, what: what.into(), hint: None }
    }

    /// Creates a finding of level [`Level::Note`].
    pub fn note(check: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::ok(check, what) }
    }

    /// Creates a finding of level [`Level::Problem`].
    pub fn problem(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Problem, hint: Some(hint.into()), ..Self::ok(check, what) }
    }

    /// Creates a problem from an error, with its hint.
    pub fn failed(check: &'static str, error: &impl Advice) -> Self {
        let hint = error.hint().map(|hint| hint.to_string());
        Self { level: Level::Problem, hint, ..Self::ok(check, baton_display::error_chain(error)) }
    }

    /// Returns the line for a user.
    pub fn line(&self, terminal: &Terminal) -> String {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Problem => "PROBLEM",
        };
        let hint = self.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
        let finding = baton_display::strip_control_chars(&format!("{}{hint}", self.what));
        let label = format!("{level:<8}{:<10}", self.check);
        let text = if terminal.is_terminal() { terminal.wrap(&label, &finding) } else { label + &finding };
        let rest = text.strip_prefix(level).unwrap_or_default();
        format!("{}{rest}\n", Style::paint_if(Style::of_status(level), terminal.colour, level))
    }
}
