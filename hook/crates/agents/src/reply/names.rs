//! The names that a reply may contain.

use std::collections::BTreeMap;

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::run::RunName;

/// The names that the text for the user may contain.
#[derive(Debug, Default)]
pub struct Names {
    /// The names of runs.
    pub runs: BTreeMap<RunId, RunName>,
    /// The session that gets the reply. A command in the text names it, so that the command works in every terminal.
    pub session: Option<SessionId>,
}
