//! The processes above this one.

use super::process_stat::ProcessStat;
use super::{CurrentProcess, ProcessLookup, System};

/// The most processes looked at above a hook: the agent is the first or second, or there is a launcher or two between.
pub const MAX_HOOK_ANCESTORS: usize = 4;

/// The most processes looked at above a command, which an agent's tool may run deep inside scripts.
pub const MAX_COMMAND_ANCESTORS: usize = 16;

/// The processes above this one, nearest first, at most `depth` of them; each is looked at only when it is asked for.
pub fn ancestors<'m>(
    system: &'m dyn System,
    current: &CurrentProcess,
    depth: usize,
) -> impl Iterator<Item = ProcessStat> + use<'m> {
    ancestors_from(system, current.parent, current.start, depth)
}

/// The processes from `pid` upward, the first of which is the parent of a process that started at `start` ticks.
pub fn ancestors_from(
    system: &dyn System,
    pid: u32,
    start: u64,
    depth: usize,
) -> impl Iterator<Item = ProcessStat> + use<'_> {
    let mut next = Some((pid, start));
    std::iter::from_fn(move || {
        let (pid, child_start) = next.take().filter(|&(pid, _)| pid > 0)?;
        let ProcessLookup::Found(stat) = system.process(pid) else {
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
