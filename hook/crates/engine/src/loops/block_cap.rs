//! How many `Stop` events in a row a client lets a hook block.

use agent_baton_core::agent::Agent;

use baton_agents::{BlockCap, spec};

/// The number of iterations of a loop for which the user set none.
pub const DEFAULT_ITERATIONS: u32 = 50;

/// Returns the limit that applies: the user's own setting, or else the client's default. Another setting counts only
/// if it is lower, because a repository may set it and must not lift what protects the user.
#[must_use]
pub fn effective_cap(agent: Agent, own: Option<String>, others: &[Option<String>]) -> Option<u32> {
    let BlockCap { default, .. } = spec(agent).block_cap?;
    let read = |value: &String| value.trim().parse().ok().filter(|cap: &u32| *cap > 0).unwrap_or(default);
    let own = own.as_ref().map_or(default, read);
    Some(others.iter().flatten().map(read).fold(own, u32::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_can_only_lower_it() {
        let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        for (own, other, expected) in [
            ("", "", 8),
            ("50", "", 50),
            ("50", "500", 50),
            ("50", "20", 20),
            ("", "500", 8),
            ("", "3", 3),
            ("0", "", 8),
            ("many", "", 8),
            ("-1", "many", 8),
        ] {
            assert_eq!(effective_cap(Agent::Claude, text(own), &[text(other)]), Some(expected), "{own:?} {other:?}");
        }
        assert_eq!(effective_cap(Agent::Codex, text("3"), &[]), None);
    }
}
