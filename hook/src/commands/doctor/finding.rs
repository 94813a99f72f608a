//! What a check found.

use serde::Serialize;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing needs doing.
    Note,
    /// Something needs doing.
    Problem,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What is so.
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, what: what.into(), hint: None }
    }

    /// Worth knowing.
    pub fn note(check: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::ok(check, what) }
    }

    /// Something needs doing.
    pub fn problem(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Problem, hint: Some(hint.into()), ..Self::ok(check, what) }
    }

    /// An error that says its way out itself.
    pub fn failed(check: &'static str, error: &impl std::fmt::Display) -> Self {
        Self { level: Level::Problem, ..Self::ok(check, error.to_string()) }
    }

    /// The line for a user.
    pub fn line(&self) -> String {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Problem => "PROBLEM",
        };
        let hint = self.hint.as_ref().map(|way| format!(": {way}")).unwrap_or_default();
        format!("{level:<8}{:<10}{}\n", self.check, baton_display::strip_control_chars(&format!("{}{hint}", self.what)))
    }
}
