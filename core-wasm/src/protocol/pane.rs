//! Where a user sees a process.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// The terminal pane of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
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

/// The fields of every kind of pane, as JSON has them.
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

/// serde reads an enum with a tag by way of a tree of values, and generates every field's type once more for it. Those copies
/// would be a tenth of core.wasm.
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
    /// Whether a user could be sent there.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }
}
