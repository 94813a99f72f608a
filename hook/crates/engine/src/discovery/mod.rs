//! Finds sessions that no hook announced, in the files that agents keep in their own directories, and registers them.
//!
//! A session that a process displays gets a launch. A session that has only a transcript counts as ended, unless the
//! agent's list of displayed sessions could not be read completely. Discovery does not register a session that
//! retention would archive at once, so that it does not find the same session again and again. It also leaves alone a
//! session that already has a record, and one that a user deleted.

mod foreign_loop;
mod log_holder;
mod log_search;
mod log_tree;
mod loop_activity;
mod loop_index;
mod progress_logs;
mod register;
mod running;
mod transcripts;

use std::time::Instant;

use agent_baton_core::timestamp::Timestamp;

use crate::config::Retention;
use baton_agents::AgentInspector;
use baton_store::Store;

pub use foreign_loop::{ForeignLoop, ForeignLoopState};
pub use loop_activity::LoopActivity;
pub use loop_index::LoopIndex;
pub use progress_logs::{ForeignLoops, PROGRESS_DIR, find_foreign_loops, known_foreign_loops};
pub use register::register;

/// Limits of one search.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The maximum number of directory entries, for each agent and kind of file.
    pub entries: usize,
    /// When the search ends at the latest.
    pub until: Instant,
    /// How long a process must have run, in milliseconds, before its session is registered: its own hook may be about
    /// to announce it.
    pub min_age_ms: u64,
}

/// A search for sessions.
pub struct Discovery<'a> {
    /// The state.
    pub store: &'a Store,
    /// Inspects the system.
    pub inspector: &'a AgentInspector<'a>,
    /// The retention limits.
    pub policy: &'a Retention,
    /// The current time.
    pub now: Timestamp,
    /// The limits of the search.
    pub bounds: Bounds,
}

/// The result of a search.
#[derive(Debug, Default, PartialEq)]
pub struct DiscoveredSessions {
    /// The records to write: of sessions that have no record, or only one that discovery wrote.
    pub sessions: Vec<agent_baton_core::session::Session>,
    /// Whether a limit ended the search early, or something could not be read.
    pub partial: bool,
}

impl Discovery<'_> {
    fn out_of_time(&self) -> bool {
        Instant::now() >= self.bounds.until
    }
}
