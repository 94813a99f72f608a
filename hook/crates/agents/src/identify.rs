//! Finds the agent process that called baton.

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;

use super::{AGENTS, AgentInspector, AgentSpec, spec};
use baton_system::ancestry::{MAX_COMMAND_ANCESTORS, MAX_HOOK_ANCESTORS, ancestors};
use baton_system::identity;
use baton_system::process_stat::ProcessStat;

/// The agents above a command in the process tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The nearest agent.
    pub agent: Agent,
    /// The nearest agent's process.
    pub process: Process,
    /// The session that the nearest agent named in the environment of its tools.
    pub session: Option<SessionId>,
    /// The processes of all agents above, nearest first.
    pub ancestors: Vec<(Agent, Process)>,
}

impl AgentInspector<'_> {
    /// Returns the agent process that runs this hook. That is the process whose pid the agent passed down, if it is
    /// an ancestor, and otherwise the nearest ancestor with the agent's name. Returns `None` if neither is among the
    /// nearest [`MAX_HOOK_ANCESTORS`].
    ///
    /// Looks up ancestors one after the other, and only as many as it needs.
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
                // An agent inside another agent inherits its variables, so the announced pid may be the outer
                // agent's.
                if announced_pid.is_none() {
                    break;
                }
            }
        }
        nearest
    }

    /// Returns the agents above this command, or `None` if none is among the nearest [`MAX_COMMAND_ANCESTORS`]
    /// ancestors.
    ///
    /// An agent inherits the variables of an agent that it was started from. So only the variables of the nearest
    /// agent count, and Claude's count only if `CLAUDE_PID` is an ancestor with no other agent in between.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        let announced_pid: Vec<_> = AGENTS.iter().map(|spec| (spec, self.announced_pid(spec))).collect();
        let agents: Vec<(&AgentSpec, ProcessStat, bool)> = ancestors(self.system, self.current, MAX_COMMAND_ANCESTORS)
            .filter_map(|stat| {
                let named = |(spec, pid): &(&'static AgentSpec, Option<u32>)| {
                    let announced = *pid == Some(stat.pid);
                    (announced || spec.is_named(&stat.comm)).then_some((*spec, announced))
                };
                // A pid that was passed down is better evidence than a name.
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

    /// Returns the agent ancestor that has no other agent above it among the nearest [`MAX_COMMAND_ANCESTORS`]
    /// ancestors. Returns `None` if no agent is an ancestor.
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
