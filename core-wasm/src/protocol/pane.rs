//! The terminal pane in which a user sees a process.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// The terminal pane of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "mux", rename_all = "snake_case")]
pub enum Pane {
    /// A pane of tmux.
    Tmux {
        /// The path of the server's socket (the first part of `TMUX`).
        server: String,
        /// The pane's id, such as `%3`.
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
        /// The terminal's name, such as `pts/3`.
        tty: String,
    },
    /// Not known: there is no terminal, or the agent is a daemon whose environment comes from another pane.
    #[default]
    Unknown,
}

/// The fields of every kind of pane, as they appear in JSON.
#[derive(Deserialize)]
struct PaneFields {
    mux: Mux,
    server: Option<String>,
    session: Option<String>,
    pane: Option<String>,
    tty: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mux {
    Tmux,
    Zellij,
    Tty,
    Unknown,
}

/// serde deserializes a tagged enum through a tree of values, and generates the code for every field type a second
/// time. Those copies would make up a tenth of core.wasm.
impl<'de> Deserialize<'de> for Pane {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let PaneFields { mux, server, session, pane, tty } = PaneFields::deserialize(deserializer)?;
        let missing = D::Error::missing_field;
        Ok(match mux {
            Mux::Tmux => Self::Tmux {
                server: server.ok_or_else(|| missing("server"))?,
                pane: pane.ok_or_else(|| missing("pane"))?,
            },
            Mux::Zellij => Self::Zellij {
                session: session.ok_or_else(|| missing("session"))?,
                pane: pane.ok_or_else(|| missing("pane"))?,
            },
            Mux::Tty => Self::Tty { tty: tty.ok_or_else(|| missing("tty"))? },
            Mux::Unknown => Self::Unknown,
        })
    }
}

impl Pane {
    /// Returns whether baton can tell a user where the pane is.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }
}
