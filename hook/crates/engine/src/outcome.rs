//! What a decision gave.

use std::error::Error;

use agent_baton_core::decision::Decision;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Request;

/// A request to the core and its answer.
#[derive(Debug)]
pub struct Outcome {
    /// The request.
    pub request: Request,
    /// The answer. What it changes is committed.
    pub decision: Decision,
    /// The number of its line in the audit log, if it has one.
    pub audit: Option<u64>,
    /// What the observers have to tell the user.
    pub notices: Vec<String>,
    /// Why observers failed.
    pub failures: Vec<String>,
}

impl Outcome {
    /// Whether the answer is that a known launch gave a heartbeat, and nothing else: the session's log has it, not the audit.
    #[must_use]
    pub fn is_heartbeat(&self) -> bool {
        self.decision.reason == Reason::Heartbeat && self.decision.changes.is_empty()
    }

    /// Adds what an observer had to tell, or why it failed.
    pub(crate) fn add(&mut self, observed: Result<Vec<String>, Box<dyn Error>>) {
        match observed {
            Ok(notices) => self.notices.extend(notices),
            Err(failure) => self.failures.push(failure.to_string()),
        }
    }
}
