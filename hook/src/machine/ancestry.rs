//! The processes above this one.

use super::stat::Stat;
use super::{Here, Look, Machine};

/// The most processes looked at above a hook: the agent is the first or second, or there is a launcher or two between.
pub const HOOK_DEPTH: usize = 4;

/// The most processes looked at above a command, which an agent's tool may run deep inside scripts.
pub const COMMAND_DEPTH: usize = 16;

/// The processes above this one, nearest first, at most `depth` of them; each is looked at only when it is asked for.
pub fn above<'m, M: Machine>(machine: &'m M, here: &Here, depth: usize) -> impl Iterator<Item = Stat> + use<'m, M> {
    climb(machine, here.parent, here.start, depth)
}

/// The processes from `pid` upward, the first of which is the parent of a process that started at `start` ticks.
pub fn climb<M: Machine>(machine: &M, pid: u32, start: u64, depth: usize) -> impl Iterator<Item = Stat> + use<'_, M> {
    let mut next = Some((pid, start));
    std::iter::from_fn(move || {
        let (pid, child_start) = next.take().filter(|&(pid, _)| pid > 0)?;
        let Look::Found(stat) = machine.look(pid) else {
            return None;
        };
        // A parent that is younger than its child is another process that was given the pid meanwhile.
        if stat.start > child_start {
            return None;
        }
        next = Some((stat.parent, stat.start));
        Some(stat)
    })
    .take(depth)
}
