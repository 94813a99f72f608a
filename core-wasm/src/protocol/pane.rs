//! Where a user sees a process.

use serde::{Deserialize, Serialize};

/// The terminal pane of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "mux", rename_all = "snake_case")]
pub enum Pane {
    /// A pane of tmux.
    Tmux {
        /// The server's socket path (the first part of `TMUX`).
        server: String,
        /// The pane's id, as `%3`.
        pane: String,
    },
    /// A pane of zellij.
    Zellij {
        /// The session's name.
        session: String,
        /// The pane's number.
        pane: String,
    },
    /// A terminal without a multiplexer.
    Tty {
        /// The terminal's name, as `pts/3`.
        tty: String,
    },
    /// Not known: no terminal, or an agent's daemon, whose environment is another pane's.
    #[default]
    Unknown,
}

impl Pane {
    /// Whether a user could be sent there.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }
}
