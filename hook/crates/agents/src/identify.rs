//! Which process is the agent that called.

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;

use super::{AGENTS, AgentInspector, AgentSpec, spec};
use baton_system::ancestry::{MAX_COMMAND_ANCESTORS, MAX_HOOK_ANCESTORS, ancestors};
use baton_system::identity;
use baton_system::process_stat::ProcessStat;

/// The agents above a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The nearest agent.
    pub agent: Agent,
    /// Its process.
    pub process: Process,
    /// The session that it named in the environment of its tools.
    pub session: Option<SessionId>,
    /// The processes of all agents above, nearest first.
    pub ancestors: Vec<(Agent, Process)>,
}

impl AgentInspector<'_> {
    /// The process of the agent that runs this hook: the one whose pid the agent handed down, if it stands above; else the
    /// nearest above with the agent's name. None where neither is among the nearest [`MAX_HOOK_ANCESTORS`].
    ///
    /// Looks at one process after the other, no further than needed.
    #[must_use]
    pub fn agent_process(&self, agent: Agent) -> Option<ProcessStat> {
        let spec = spec(agent);
        let announced_pid = self.announced_pid(spec);
        let mut nearest = None;
        for stat in ancestors(self.system, self.current, MAX_HOOK_ANCESTORS) {
            if announced_pid == Some(stat.pid) {
                return Some(stat);
            }
            if nearest.is_none() && spec.is_named(&stat.comm) {
                nearest = Some(stat);
                // What was handed down may be another's: an agent within an agent inherits it.
                if announced_pid.is_none() {
                    break;
                }
            }
        }
        nearest
    }

    /// The agents above this command; none where there is none among the nearest [`MAX_COMMAND_ANCESTORS`] processes.
    ///
    /// The variables of one agent are inherited by others started inside it: those of the nearest count, and Claude's
    /// only where `CLAUDE_PID` stands above with no other agent between.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        let announced_pid: Vec<_> = AGENTS.iter().map(|spec| (spec, self.announced_pid(spec))).collect();
        let agents: Vec<(&AgentSpec, ProcessStat, bool)> = ancestors(self.system, self.current, MAX_COMMAND_ANCESTORS)
            .filter_map(|stat| {
                let named = |(spec, pid): &(&'static AgentSpec, Option<u32>)| {
                    let announced = *pid == Some(stat.pid);
                    (announced || spec.is_named(&stat.comm)).then_some((*spec, announced))
                };
                // A pid that was handed down says more than a name.
                let by_pid = announced_pid.iter().find_map(|entry| named(entry).filter(|&(_, announced)| announced));
                let (spec, announced) = by_pid.or_else(|| announced_pid.iter().find_map(named))?;
                Some((spec, stat, announced))
            })
            .collect();
        let (spec, nearest, _) = agents.first()?;
        let own = || agents.iter().take_while(|(other, ..)| other.agent == spec.agent);
        let announced = own().find(|(.., announced)| *announced).map(|(_, stat, _)| stat);
        let believed = announced.is_some() || spec.pid_variable.is_none();
        let session = if believed { self.environment.get(spec.session_variable) } else { None };
        Some(Lineage {
            agent: spec.agent,
            process: identity(announced.unwrap_or(nearest), self.host()),
            session: session.and_then(|id| id.parse().ok()),
            ancestors: agents.iter().map(|(spec, stat, _)| (spec.agent, identity(stat, self.host()))).collect(),
        })
    }

    /// The agent above that is beneath no other, as far as the nearest [`MAX_COMMAND_ANCESTORS`] processes show; none where no agent is above.
    #[must_use]
    pub fn outermost_agent(&self) -> Option<ProcessStat> {
        let is_agent = |spec: &AgentSpec, stat: &ProcessStat| {
            spec.is_named(&stat.comm) || self.announced_pid(spec) == Some(stat.pid)
        };
        ancestors(self.system, self.current, MAX_COMMAND_ANCESTORS)
            .filter(|stat| AGENTS.iter().any(|spec| is_agent(spec, stat)))
            .last()
    }

    fn announced_pid(&self, spec: &AgentSpec) -> Option<u32> {
        self.environment.get(spec.pid_variable?)?.parse().ok()
    }
}
