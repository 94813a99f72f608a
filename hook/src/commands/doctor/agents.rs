//! Checks which agents are installed, and their versions.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::{Installation, version};
use baton_agents::{AGENTS, spec};
use baton_installer::locations::Locations;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let agents = installation.agents();
    let refused: Vec<_> = Agent::ALL.iter().filter_map(|agent| Locations::detect_agent(*agent).err()).collect();
    let refused = refused.iter().map(|error| Finding::failed("agents", error));
    if agents.is_empty() && refused.len() == 0 {
        let names = AGENTS.iter().map(|spec| spec.title).collect::<Vec<_>>().join(" or ");
        let hint = format!("install {names}, start it once, then run `baton install`");
        return vec![Finding::problem("agents", "no agent was found", hint)];
    }
    let of = |(agent, detected): &(Agent, baton_installer::locations::DetectedAgent)| {
        let name = spec(*agent).comm;
        let Some(program) = &detected.program else {
            let dir = detected.dir.display();
            return Finding::note("agents", format!("{name}: configured in {dir}, not on the PATH here"));
        };
        match version(program) {
            None => Finding::note("agents", format!("{name}: {} printed no version", program.display())),
            Some(output) => match parse_version(&output) {
                Some(found) if found > spec(*agent).newest_tested => {
                    let [a, b, c] = spec(*agent).newest_tested;
                    Finding::note(
                        "agents",
                        format!("{name}: {output}, newer than the {a}.{b}.{c} that baton was tested with"),
                    )
                }
                _ => Finding::ok("agents", format!("{name}: {output}")),
            },
        }
    };
    refused.chain(agents.iter().map(of)).collect()
}

/// Returns the first `a.b.c` in a text.
fn parse_version(text: &str) -> Option<[u32; 3]> {
    let parse = |word: &str| {
        let mut parts = word.split('.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    };
    text.split_whitespace().find_map(parse)
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions() {
        for (text, expected) in [
            ("2.1.329 (Claude Code)", Some([2, 1, 329])),
            ("codex-cli 0.169.0", Some([0, 169, 0])),
            ("codex-cli 0.170.0-alpha.1", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }
}
