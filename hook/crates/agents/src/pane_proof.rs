//! Whether an agent is where its hooks say: in a pane of this server.
//!
//! A repository's settings can set any variable for hooks and tools, and so name any socket. They cannot change the
//! variables with which an agent was started.

use agent_baton_core::pane::Pane;
use agent_baton_core::process::{Process, ProcessState};

use super::{AGENTS, AgentInspector};
use baton_system::ProcessLookup;
use baton_system::ancestry::{MAX_COMMAND_ANCESTORS, ancestors_from};
use baton_system::environment::ProcessEnvironment;
use baton_system::pane::inherited_pane;
use baton_system::process_stat::ProcessStat;

/// Why a recorded pane is not proved to be that of its process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum PaneError {
    /// The process is gone.
    #[error("pid {pid} has ended")]
    Ended { pid: u32 },
    /// It cannot be seen from here.
    #[error("pid {pid} cannot be examined, so nothing proves that it is there")]
    Unexamined { pid: u32 },
    /// The process, or an agent above it, was not started in a pane of this server.
    #[error(
        "pid {pid} ({name}) was not started there, as far as its environment shows: a hook or a tool named this pane"
    )]
    OnlyHooks { pid: u32, name: String },
}

impl AgentInspector<'_> {
    /// Checks that a process was started in a pane of the multiplexer that its record names, and so was each agent above
    /// it: a tool of an agent starts with what the agent's settings define. A pane that no multiplexer manages needs no
    /// proof, since baton calls no program for it.
    ///
    /// # Errors
    /// Returns a [`PaneError`] that names the process that proves nothing.
    pub fn check_pane(&self, process: &Process, pane: &Pane) -> Result<(), PaneError> {
        if matches!(pane, Pane::Tty { .. } | Pane::Unknown) {
            return Ok(());
        }
        let pid = process.pid;
        match self.process_state(process) {
            ProcessState::Running => {}
            ProcessState::Gone | ProcessState::Reused | ProcessState::Zombie => return Err(PaneError::Ended { pid }),
            ProcessState::Unreadable => return Err(PaneError::Unexamined { pid }),
        }
        let ProcessLookup::Found(found) = self.process(pid) else { return Err(PaneError::Unexamined { pid }) };
        let is_agent = |stat: &ProcessStat| AGENTS.iter().any(|spec| spec.is_named(&stat.comm));
        let above = ancestors_from(self.system, found.parent, found.start, MAX_COMMAND_ANCESTORS).filter(is_agent);
        for stat in std::iter::once(found.clone()).chain(above) {
            if !is_same_server(&inherited_pane(&ProcessEnvironment::new(self.system, stat.pid), &stat), pane) {
                return Err(PaneError::OnlyHooks { pid: stat.pid, name: stat.comm });
            }
        }
        Ok(())
    }
}

/// Returns whether two panes are of the same server.
fn is_same_server(one: &Pane, other: &Pane) -> bool {
    match (one, other) {
        (Pane::Tmux { server: one, .. }, Pane::Tmux { server: other, .. }) => one == other,
        (Pane::Zellij { session: one, .. }, Pane::Zellij { session: other, .. }) => one == other,
        _ => false,
    }
}
