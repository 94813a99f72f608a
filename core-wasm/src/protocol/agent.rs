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

    /// Returns the agent of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agent| agent.name() == name)
    }

    /// Returns whether one process shows one session at a time, so that announcing another session ends the first.
    ///
    /// This is true of Claude, where `/clear`, `/resume` and `/branch` switch sessions. It is false of Codex, which
    /// keeps every thread loaded.
    #[must_use]
    pub const fn shows_one_session(self) -> bool {
        matches!(self, Self::Claude)
    }

    /// Returns whether a session without a pane may have nobody who sees it, because the agent asks for the end of a turn
    /// where no user is.
    ///
    /// This is true of Codex, whose daemon goes on with a thread after its window was closed.
    #[must_use]
    pub const fn runs_unseen(self) -> bool {
        matches!(self, Self::Codex)
    }
}

impl std::fmt::Display for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
