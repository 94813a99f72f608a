//! Checks that an agent is named only in the files that are about it: whatever else is written for one agent by its name is
//! missing for the next one. What differs between the agents is in their tables.

use std::fs;
use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::program::workspace;

use super::rust_source::{Token, production_tokens, rust_files};

/// The files that may name an agent although they are about something else, each with the reason.
const EXCEPT: &[(&str, &str)] = &[
    ("core-wasm/src/fixtures.rs", "records for tests"),
    ("core-wasm/src/protocol/agent.rs", "the core's list of agents"),
    ("hook/crates/store/src/progress/section.rs", "a phase of ralphex"),
    ("hook/crates/system/src/fake_system.rs", "processes for tests"),
];

/// Returns whether a file is in a directory of agents, or is that directory's door.
fn is_about_agents(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "agents")
        || path.file_name().is_some_and(|name| name == "agents.rs") && path.starts_with("hook/crates")
}

/// Returns the agents that code names, outside of comments and tests.
fn named_agents(text: &str) -> Vec<Agent> {
    let tokens = production_tokens(text);
    let words = tokens.iter().filter_map(|token| match token {
        Token::Ident(word) | Token::Literal(word) => Some(word.to_lowercase()),
        Token::Punct(_) => None,
    });
    let words: Vec<String> = words.collect();
    Agent::ALL.into_iter().filter(|agent| words.iter().any(|word| word.contains(agent.name()))).collect()
}

#[test]
fn an_agent_is_named_only_where_agents_are_described() {
    let mut found = Vec::new();
    for file in ["core-wasm", "fleet", "hook", "view"].iter().flat_map(|dir| rust_files(&workspace().join(dir))) {
        let path = file.strip_prefix(workspace()).unwrap();
        let shown = path.display().to_string();
        let is_test = shown.contains("/tests/") || shown.ends_with("/tests.rs");
        if is_test || is_about_agents(path) {
            continue;
        }
        if !named_agents(&fs::read_to_string(&file).unwrap()).is_empty() {
            found.push(shown);
        }
    }
    let expected: Vec<_> = EXCEPT.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, expected, "what differs between the agents belongs into their tables");
}

#[test]
fn a_name_is_found() {
    for (text, expected) in [
        ("fn f() { g(Agent::Claude) }", &[Agent::Claude][..]),
        ("const NAME: &str = \"start codex\";", &[Agent::Codex]),
        ("fn is_codex() {}", &[Agent::Codex]),
        ("// Codex waits.\nfn f() {}", &[]),
        ("#[cfg(test)] mod tests { fn f() { g(Agent::Claude) } }", &[]),
    ] {
        assert_eq!(named_agents(text), expected, "{text}");
    }
}
