//! Sessions that no hook announced: found by what the agents leave in their own directories, and registered as they are found.
//!
//! One that a process shows gets a launch. One that is a transcript only is over: that is said of it alone where the agent's own
//! word on which sessions are shown could be read whole. What retention would put away at once is not registered, so that nothing is
//! found, put away and found again. A session that has a record is left to its events, and one that a user deleted stays deleted.

mod log_search;
mod progress_logs;
mod register;
mod running;
mod transcripts;

use std::time::Instant;

use agent_baton_core::timestamp::Timestamp;

use crate::config::Retention;
use baton_agents::AgentInspector;
use baton_store::Store;

pub use progress_logs::{ForeignLoop, ForeignLoopHeader, ForeignLoopState, ForeignLoops, find_foreign_loops};
pub use register::register;

/// How much one call looks at.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Directory entries, for each agent and kind.
    pub entries: usize,
    /// Until when it goes on.
    pub until: Instant,
    /// How long a process must have run for its session to be taken up: its own hook may be about to announce it.
    pub min_age_ms: u64,
}

/// A look for sessions.
pub struct Discovery<'a> {
    /// The state.
    pub store: &'a Store,
    /// What looks at it.
    pub inspector: &'a AgentInspector<'a>,
    /// What is kept.
    pub policy: &'a Retention,
    /// The moment.
    pub now: Timestamp,
    /// How much is looked at.
    pub bounds: Bounds,
}

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub struct DiscoveredSessions {
    /// The records to be written: of sessions that have none, or one that only discovery wrote.
    pub sessions: Vec<agent_baton_core::session::Session>,
    /// Whether the bounds cut the look short, or something could not be read.
    pub partial: bool,
}

impl Discovery<'_> {
    fn out_of_time(&self) -> bool {
        Instant::now() >= self.bounds.until
    }
}
