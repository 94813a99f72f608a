//! Which agents are there, and in which version.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::patient::{Patient, version};
use crate::agents::row;

/// The newest versions that baton was tested with.
const fn tested(agent: Agent) -> [u32; 3] {
    match agent {
        Agent::Claude => [2, 1, 329],
        Agent::Codex => [0, 169, 0],
    }
}

pub fn check(patient: &Patient) -> Vec<Finding> {
    let agents = patient.agents();
    if agents.is_empty() {
        let way_out = "install Claude Code or Codex, start it once, then run `baton install`";
        return vec![Finding::problem("agents", "no agent was found", way_out)];
    }
    let of = |(agent, presence): &(Agent, crate::wiring::place::Presence)| {
        let name = row(*agent).comm;
        let Some(program) = &presence.program else {
            let dir = presence.dir.display();
            return Finding::note("agents", format!("{name}: configured in {dir}, not on the PATH here"));
        };
        match version(program) {
            None => Finding::note("agents", format!("{name}: {} does not say its version", program.display())),
            Some(said) => match number(&said) {
                Some(found) if found > tested(*agent) => {
                    let [a, b, c] = tested(*agent);
                    Finding::note(
                        "agents",
                        format!("{name}: {said}, newer than the {a}.{b}.{c} that baton was tested with"),
                    )
                }
                _ => Finding::ok("agents", format!("{name}: {said}")),
            },
        }
    };
    agents.iter().map(of).collect()
}

/// The first `a.b.c` in a text.
fn number(text: &str) -> Option<[u32; 3]> {
    let parse = |word: &str| {
        let mut parts = word.split('.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    };
    text.split_whitespace().find_map(parse)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions() {
        for (text, expected) in [
            ("2.1.329 (Claude Code)", Some([2, 1, 329])),
            ("codex-cli 0.169.0", Some([0, 169, 0])),
            ("codex-cli 0.170.0-alpha.1", None),
            ("", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
