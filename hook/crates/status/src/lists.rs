//! Pages of sessions and of runs, as `--json` prints them.

use agent_baton_core::id::{RunId, SessionId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::json::{RunView, SessionView};
use crate::page::Page;

/// A page of sessions, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionsView {
    /// The sessions: pinned ones first, each most recently opened first.
    pub sessions: Vec<SessionView>,
    /// The unreadable records that were encountered.
    pub unreadable: Vec<SessionId>,
    /// The value for `--cursor` to get the next page. Null on the last page.
    pub next: Option<String>,
}

impl SessionsView {
    /// Creates the view of a page.
    #[must_use]
    pub fn new(page: &Page) -> Self {
        Self {
            sessions: page.sessions.iter().map(SessionView::new).collect(),
            unreadable: page.unreadable.iter().map(|(id, _)| id.clone()).collect(),
            next: page.next.as_ref().map(ToString::to_string),
        }
    }
}

/// A page of runs, as `--json` prints it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct RunsView {
    /// The runs, newest first.
    pub runs: Vec<RunView>,
    /// The unreadable records that were encountered.
    pub unreadable: Vec<RunId>,
    /// The value for `--cursor` to get the next page. Null on the last page.
    pub next: Option<String>,
}
