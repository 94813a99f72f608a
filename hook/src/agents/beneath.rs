//! Whether an agent, or a call, stands beneath a command that `baton run with` started.

use agent_baton_core::fence::Fence;
use agent_baton_core::request::Beneath;

use super::{TABLE, Witness};
use crate::machine::ancestry::{above, climb};
use crate::machine::environment::Environment;
use crate::machine::stat::Stat;
use crate::machine::{Machine, identity};

/// The variable that names the run.
pub const RUN: &str = "BATON_RUN";

/// The variable that holds the owner's number.
pub const FENCE: &str = "BATON_FENCE";

/// How many processes are looked at: a script may call scripts.
const DEPTH: usize = 32;

/// The arguments of processes of agents that serve whoever asks: what they inherited says nothing of what they run.
const DAEMONS: [&[u8]; 3] = [b"app-server", b"daemon", b"bg-pty-host"];

impl<M: Machine, E: Environment> Witness<'_, M, E> {
    /// What the environment claims, with the processes above. `agent` is the process of the event; none for a command, which is looked at
    /// from its parent on.
    #[must_use]
    pub fn beneath(&self, agent: Option<&Stat>) -> Option<Beneath> {
        let run = self.environment.get(RUN)?.parse().ok()?;
        let fence = Fence(self.environment.get(FENCE)?.parse().ok()?);
        let chain: Vec<Stat> = match agent {
            Some(agent) => {
                let above = climb(self.machine, agent.parent, agent.start, DEPTH);
                std::iter::once(agent.clone()).chain(above).collect()
            }
            None => above(self.machine, self.here, DEPTH).collect(),
        };
        let is_agent = |stat: &&Stat| TABLE.iter().any(|row| row.is_named(&stat.comm));
        let chain: Vec<&Stat> =
            chain.iter().take_while(|stat| !(is_agent(stat) && self.serves_others(stat.pid))).collect();
        let place = &self.here.place;
        let within = chain.iter().skip(1).find(|stat| is_agent(stat)).map(|stat| identity(stat, place));
        let ancestors = chain.iter().map(|stat| identity(stat, place)).collect();
        Some(Beneath { run, fence, ancestors, within })
    }

    /// Whether a process of an agent serves others, or may.
    fn serves_others(&self, pid: u32) -> bool {
        self.machine
            .arguments(pid)
            .is_none_or(|arguments| arguments.iter().skip(1).any(|argument| DAEMONS.contains(&argument.as_slice())))
    }
}
