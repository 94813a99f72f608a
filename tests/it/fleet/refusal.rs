//! What a user and an agent notice of a fleet that is of no use: one line that names the fault and what to do, and nothing else.

use std::path::Path;

use agent_baton_tests::Window;
use agent_baton_tests::fake_agent::Ended;
use baton_test_postgres::fleet::Machine;
use serde_json::json;

/// Replaces the settings about the fleet.
pub fn set(machine: &Machine, setting: &str) {
    let path = machine.scratch.home().join(".config/baton/config.toml");
    std::fs::write(path, format!("[fleet]\n{setting}\n")).unwrap();
}

/// Runs this `baton` as a tool of session s1 does.
pub fn below(window: &mut Window<'_>, baton: &Path, words: &[&str], stdin: String) -> Ended {
    let words = std::iter::once(baton.to_str().unwrap()).chain(words.iter().copied()).map(str::to_owned);
    let run = window.below("s1", words.collect(), stdin);
    window.process.run(run)
}

/// Sends a prompt to this `baton`, and returns what it printed. An event never fails.
pub fn prompt_of(window: &mut Window<'_>, baton: &Path, text: &str) -> String {
    let payload = window.payload("UserPromptSubmit", "s1", &json!({"prompt": text})).to_string();
    let ended = below(window, baton, &["hook", "--agent", "claude"], payload);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout + &ended.stderr
}

/// Checks that a command is refused with a message that has this part, and that an event of the agent goes on. Nothing changes.
pub fn check_refused(machine: &Machine, window: &mut Window<'_>, baton: &Path, (name, part): (&str, &str)) {
    let run = machine.run();
    let ended = below(window, baton, &["run", "finish", "demo"], String::new());
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{name}: {ended:?}");
    let text = ended.stderr.to_lowercase();
    let faults: Vec<&str> = text.lines().filter(|line| line.contains(&part.to_lowercase())).collect();
    assert!(!faults.is_empty() && !faults[0].starts_with("hint: "), "{name}: {ended:?}");
    assert!(text.contains("hint: "), "{name}: {ended:?}");
    let told = prompt_of(window, baton, name);
    for said in [&ended.stderr, &told] {
        assert!(!said.contains("sEcret") && !said.contains("panicked"), "{name}: {said}");
    }
    assert_eq!(machine.run(), run, "{name}");
    assert!(machine.fleet_file("marker.json").is_null(), "{name}");
    machine.scratch.state().check();
}
