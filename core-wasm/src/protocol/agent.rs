//! The agents baton knows.

use serde::{Deserialize, Serialize};

/// A coding agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
}

impl Agent {
    /// Every agent, in the order of the table of agents.
    pub const ALL: [Self; 2] = [Self::Claude, Self::Codex];

    /// Returns the agent's name as it is written on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
        }
    }

    /// Returns whether one process shows one session at a time, so that announcing another session ends the first.
    ///
    /// This is true of Claude, where `/clear`, `/resume` and `/branch` switch sessions. It is false of Codex, which
    /// keeps every thread loaded.
    #[must_use]
    pub const fn shows_one_session(self) -> bool {
        matches!(self, Self::Claude)
    }
}

impl std::fmt::Display for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
