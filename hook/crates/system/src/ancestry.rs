//! The ancestors of this process.

use super::process_stat::ProcessStat;
use super::{CurrentProcess, ProcessLookup, System};

/// The maximum number of ancestors to look up from a hook. The agent is the parent or the grandparent, unless there are
/// one or two launchers between them.
pub const MAX_HOOK_ANCESTORS: usize = 4;

/// The maximum number of ancestors to look up from a command, which an agent's tool may run deep inside scripts.
pub const MAX_COMMAND_ANCESTORS: usize = 16;

/// Returns the ancestors of this process, nearest first, at most `depth` of them. Each one is looked up when the
/// iterator reaches it.
pub fn ancestors<'m>(
    system: &'m dyn System,
    current: &CurrentProcess,
    depth: usize,
) -> impl Iterator<Item = ProcessStat> + use<'m> {
    ancestors_from(system, current.parent, current.start, depth)
}

/// Returns `pid` and its ancestors, nearest first. `pid` is the parent of a process that started at `start`, in ticks
/// since boot.
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
        // A parent that is younger than its child is a different process that reused the pid.
        if stat.start > child_start {
            return None;
        }
        next = Some((stat.parent, stat.start));
        Some(stat)
    })
    .take(depth)
}
