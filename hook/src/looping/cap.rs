//! How many Stops in a row a client lets a hook block.

use agent_baton_core::agent::Agent;

use crate::agents::{BlockCap, row};

/// The iterations of a loop that was told no number.
pub const ITERATIONS: u32 = 50;

/// The cap that a client has by the values of its setting, the one that it heeds first. Where several are given, the lowest counts:
/// a repository may set one, and must not lift what guards the person.
#[must_use]
pub fn lowest(agent: Agent, values: &[Option<String>]) -> Option<u32> {
    let BlockCap { unless, .. } = row(agent).block_cap?;
    let read = |value: &String| value.trim().parse().ok().filter(|cap: &u32| *cap > 0).unwrap_or(unless);
    Some(values.iter().flatten().map(read).min().unwrap_or(unless))
}
