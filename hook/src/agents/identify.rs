//! Which process is the agent that called.

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;

use super::{Row, TABLE, Witness, row};
use crate::machine::ancestry::{COMMAND_DEPTH, HOOK_DEPTH, above};
use crate::machine::environment::Environment;
use crate::machine::stat::Stat;
use crate::machine::{Machine, identity};

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

impl<M: Machine, E: Environment> Witness<'_, M, E> {
    /// The process of the agent that runs this hook: the one whose pid the agent handed down, if it stands above; else the
    /// nearest above with the agent's name. None where neither is among the nearest [`HOOK_DEPTH`].
    ///
    /// Looks at one process after the other, no further than needed.
    #[must_use]
    pub fn agent_process(&self, agent: Agent) -> Option<Stat> {
        let row = row(agent);
        let handed_down = self.handed_down(row);
        let mut nearest = None;
        for stat in above(self.machine, self.here, HOOK_DEPTH) {
            if handed_down == Some(stat.pid) {
                return Some(stat);
            }
            if nearest.is_none() && row.is_named(&stat.comm) {
                nearest = Some(stat);
                // What was handed down may be another's: an agent within an agent inherits it.
                if handed_down.is_none() {
                    break;
                }
            }
        }
        nearest
    }

    /// The agents above this command; none where there is none among the nearest [`COMMAND_DEPTH`] processes.
    ///
    /// The variables of one agent are inherited by others started inside it: those of the nearest count, and Claude's
    /// only where `CLAUDE_PID` stands above with no other agent between.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        let handed_down: Vec<_> = TABLE.iter().map(|row| (row, self.handed_down(row))).collect();
        let agents: Vec<(&Row, Stat, bool)> = above(self.machine, self.here, COMMAND_DEPTH)
            .filter_map(|stat| {
                let named = |(row, pid): &(&'static Row, Option<u32>)| {
                    let announced = *pid == Some(stat.pid);
                    (announced || row.is_named(&stat.comm)).then_some((*row, announced))
                };
                // A pid that was handed down says more than a name.
                let by_pid = handed_down.iter().find_map(|entry| named(entry).filter(|&(_, announced)| announced));
                let (row, announced) = by_pid.or_else(|| handed_down.iter().find_map(named))?;
                Some((row, stat, announced))
            })
            .collect();
        let (row, nearest, _) = agents.first()?;
        let own = || agents.iter().take_while(|(other, ..)| other.agent == row.agent);
        let announced = own().find(|(.., announced)| *announced).map(|(_, stat, _)| stat);
        let believed = announced.is_some() || row.pid_variable.is_none();
        let session = if believed { self.environment.get(row.session_variable) } else { None };
        Some(Lineage {
            agent: row.agent,
            process: identity(announced.unwrap_or(nearest), &self.here.place),
            session: session.and_then(|id| id.parse().ok()),
            ancestors: agents.iter().map(|(row, stat, _)| (row.agent, identity(stat, &self.here.place))).collect(),
        })
    }

    /// The agent above that is beneath no other, as far as the nearest [`COMMAND_DEPTH`] processes show; none where no agent is above.
    #[must_use]
    pub fn outermost_agent(&self) -> Option<Stat> {
        let is_agent = |row: &Row, stat: &Stat| row.is_named(&stat.comm) || self.handed_down(row) == Some(stat.pid);
        above(self.machine, self.here, COMMAND_DEPTH).filter(|stat| TABLE.iter().any(|row| is_agent(row, stat))).last()
    }

    fn handed_down(&self, row: &Row) -> Option<u32> {
        self.environment.get(row.pid_variable?)?.parse().ok()
    }
}
