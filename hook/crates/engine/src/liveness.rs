//! Determines whether sessions are alive, and which evidence shows it.
//!
//! One check covers any number of sessions: it looks up each pid at most once and reads the lock table at most once.
//! It starts no program, and it judges by the same rule as the core.

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::path::Path;

use agent_baton_core::id::RunId;
use agent_baton_core::liveness::{Evidence, Liveness};
use agent_baton_core::process::{CommandProbe, Live};
use agent_baton_core::rules::liveness;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use baton_agents::{AgentInspector, Survivor};

/// Combines the verdicts on a session's launches. One live launch makes the session alive. Otherwise, one unknown
/// launch makes it unknown.
#[must_use]
pub fn session_liveness(session: &Session, launches: &[Liveness]) -> Liveness {
    let live = if session.ended.is_some() { Live::No } else { Live::Unknown };
    // Of equal verdicts the newest counts, because that is the launch a user asks about.
    launches
        .iter()
        .max_by_key(|verdict| verdict.live)
        .copied()
        .unwrap_or(Liveness { live, evidence: Evidence::NeverSeen })
}

/// A check of any number of sessions at one moment.
pub struct LivenessCheck<'a> {
    inspector: AgentInspector<'a>,
    /// Listed when a command is judged that is gone itself.
    survivors: OnceCell<Vec<Survivor>>,
}

impl<'a> LivenessCheck<'a> {
    /// Creates a check. It reads the system only when a question needs it.
    #[must_use]
    pub fn new(inspector: &AgentInspector<'a>) -> Self {
        Self { inspector: inspector.caching(), survivors: OnceCell::new() }
    }

    /// Returns whether any launch of a session is alive.
    #[must_use]
    pub fn session(&self, session: &Session) -> Liveness {
        session_liveness(session, &self.launches(session))
    }

    /// Returns whether each launch of a session is alive, in the order of the launches.
    #[must_use]
    pub fn launches(&self, session: &Session) -> Vec<Liveness> {
        session.launches.iter().map(|launch| self.launch(session, launch)).collect()
    }

    /// Returns whether one launch of a session is alive.
    #[must_use]
    pub fn launch(&self, session: &Session, launch: &Launch) -> Liveness {
        let probe = launch.ended.is_none().then(|| self.inspector.probe(session, launch));
        liveness::from_probe(self.inspector.host(), probe.as_ref(), session, launch)
    }

    /// Whether the command of a run, its supervisor, or something that the command started is alive. `lock` is the supervisor's
    /// lock file.
    #[must_use]
    pub fn command(&self, run: &Run, lock: &Path) -> Live {
        let probe = self.inspector.probe_command(run, lock);
        let judge = |probe: &CommandProbe| {
            liveness::supervisor_liveness(self.inspector.host(), std::slice::from_ref(probe), run)
        };
        match judge(&probe) {
            Live::No => {
                let survivors = self.survivors(&run.id).into_iter().map(|survivor| survivor.process).collect();
                judge(&CommandProbe { survivors, ..probe })
            }
            live => live,
        }
    }

    /// The living processes that the command of a run left behind.
    #[must_use]
    pub fn survivors(&self, run: &RunId) -> Vec<Survivor> {
        let all = self.survivors.get_or_init(|| self.inspector.survivors().unwrap_or_default());
        all.iter().filter(|survivor| survivor.run == *run).cloned().collect()
    }
}
