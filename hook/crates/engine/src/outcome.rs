//! The outcome of a decision.

use std::error::Error;

use agent_baton_core::decision::Decision;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Request;

/// A request to the core and its answer.
#[derive(Debug)]
pub struct Outcome {
    /// The request.
    pub request: Request,
    /// The answer. Its changes are committed.
    pub decision: Decision,
    /// The number of its line in the audit log, if it has one.
    pub audit: Option<u64>,
    /// The observers' notices for the user.
    pub notices: Vec<String>,
    /// Why observers failed.
    pub failures: Vec<String>,
}

impl Outcome {
    /// Returns whether the decision only records a heartbeat of a known launch. That goes into the session's log, not
    /// into the audit.
    #[must_use]
    pub fn is_heartbeat(&self) -> bool {
        self.decision.reason == Reason::Heartbeat && self.decision.changes.is_empty()
    }

    /// Adds an observer's notices, or its failure.
    pub(crate) fn add(&mut self, observed: Result<Vec<String>, Box<dyn Error>>) {
        match observed {
            Ok(notices) => self.notices.extend(notices),
            Err(failure) => self.failures.push(failure.to_string()),
        }
    }
}
