//! Lists the functions that the most frequent calls run. `hook/order.sh` makes the linker place them side by side.

use std::collections::BTreeSet;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Run;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

use crate::SESSION;
use crate::measure::VALGRIND;

/// The argument that makes the benchmark print them.
pub const WORD: &str = "functions";

/// Prints the names that the linker knows, in alphabetical order.
///
/// # Panics
/// Panics if valgrind is missing, or if the program has no symbol names.
pub fn main() {
    let mut names = BTreeSet::new();
    for (agent, event) in [
        (Agent::Claude, "UserPromptSubmit"),
        (Agent::Claude, "Stop"),
        (Agent::Codex, "UserPromptSubmit"),
        (Agent::Codex, "Stop"),
    ] {
        names.extend(of_event(agent, event));
    }
    assert!(
        names.len() > 100,
        "{} functions: the program was stripped of their names (hook/order.sh is not)",
        names.len()
    );
    for name in names {
        println!("{name}");
    }
}

fn of_event(agent: Agent, event: &str) -> Vec<String> {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, agent, "%1");
    for event in ["SessionStart", "UserPromptSubmit"] {
        assert_eq!(window.hook(event, SESSION, &json!({"prompt": "words"})).code, Some(0));
    }
    let fields = json!({"prompt": "more words", "last_assistant_message": "an answer"});
    let run = window.call(SESSION, window.payload(event, SESSION, &fields).to_string());
    let profile = scratch.root().join("callgrind");
    let out = format!("--callgrind-out-file={}", profile.display());
    let valgrind = [VALGRIND, "--tool=callgrind", "--demangle=no", &out].map(str::to_owned);
    let ended = window.process.run(Run { argv: valgrind.into_iter().chain(run.argv.iter().cloned()).collect(), ..run });
    assert_eq!(ended.code, Some(0), "{ended:?}");
    std::fs::read_to_string(&profile).unwrap().lines().filter_map(name).collect()
}

/// Returns the name in a line of the profile: `fn=(12) name`, where it first occurs, followed by `'2` if the function
/// calls itself.
fn name(line: &str) -> Option<String> {
    let rest = line.strip_prefix('c').unwrap_or(line).strip_prefix("fn=(")?;
    let name = rest.split_once(") ")?.1.split('\'').next()?;
    // Valgrind invents these for functions without a name.
    (!name.starts_with("0x") && !name.starts_with('(')).then(|| name.to_owned())
}
