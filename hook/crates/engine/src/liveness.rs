//! Whether sessions are alive, and what shows it.
//!
//! A check covers any number of sessions with one look at the system: it looks up each pid at most once and reads the lock
//! table at most once. It starts no program, and it judges by the rule that the core decides by.

#[cfg(test)]
mod tests;

use std::path::Path;

use agent_baton_core::liveness::{Evidence, Liveness};
use agent_baton_core::process::Live;
use agent_baton_core::rules::liveness;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use baton_agents::AgentInspector;

/// The verdict on a session, from those on its launches: one that is alive decides it, and one that is unknown leaves it
/// open.
#[must_use]
pub fn session_liveness(session: &Session, launches: &[Liveness]) -> Liveness {
    let live = if session.ended.is_some() { Live::No } else { Live::Unknown };
    // Of equals the newest: it is what a user asks about.
    launches
        .iter()
        .max_by_key(|verdict| verdict.live)
        .copied()
        .unwrap_or(Liveness { live, evidence: Evidence::NeverSeen })
}

/// One look at the system, for any number of sessions.
pub struct LivenessCheck<'a> {
    inspector: AgentInspector<'a>,
}

impl<'a> LivenessCheck<'a> {
    /// A check that has looked at nothing yet. It reads only what a question needs.
    #[must_use]
    pub fn new(inspector: &AgentInspector<'a>) -> Self {
        Self { inspector: inspector.caching() }
    }

    /// Whether any launch of a session is alive.
    #[must_use]
    pub fn session(&self, session: &Session) -> Liveness {
        session_liveness(session, &self.launches(session))
    }

    /// Whether each launch of a session is alive, in their order.
    #[must_use]
    pub fn launches(&self, session: &Session) -> Vec<Liveness> {
        session.launches.iter().map(|launch| self.launch(session, launch)).collect()
    }

    /// Whether one launch of a session is alive.
    #[must_use]
    pub fn launch(&self, session: &Session, launch: &Launch) -> Liveness {
        let probe = launch.ended.is_none().then(|| self.inspector.probe(session, launch));
        liveness::from_probe(self.inspector.host(), probe.as_ref(), session, launch)
    }

    /// Whether the command of a run, or its supervisor, is alive. `lock` is the supervisor's lock file.
    #[must_use]
    pub fn command(&self, run: &Run, lock: &Path) -> Live {
        let probe = self.inspector.probe_command(run, lock);
        liveness::supervisor_liveness(self.inspector.host(), std::slice::from_ref(&probe), run)
    }
}
