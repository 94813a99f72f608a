//! `docs/BUGS.md` lists known bugs of other programs, each with the test that reproduces it. The tests without a
//! better place are here.

use std::collections::BTreeSet;
use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::program::workspace;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Returns whether a file has a test of this name: a function, or an entry of a table of tests.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let is_function = line.strip_prefix("fn ").is_some_and(|rest| rest.starts_with(&format!("{name}(")));
        let above =
            lines[..at].iter().rev().take_while(|above| above.starts_with("#[")).any(|above| *above == "#[test]");
        (is_function && above) || *line == format!("{name}:") || line.starts_with(&format!("{name} => "))
    })
}

#[test]
fn only_what_is_a_test_counts() {
    let text =
        "#[test]\nfn one() {\n#[test]\n#[should_panic]\nfn two() {\nfn three() {\nfour:\n    five => \"five\",\n";
    let found = ["one", "two", "three", "four", "five", "six"].map(|name| has_test(text, name));
    assert_eq!(found, [true, true, false, true, true, false]);
}

#[test]
fn every_test_of_the_page_exists() {
    let page = fs::read_to_string(workspace().join("docs/BUGS.md")).unwrap();
    let mut named = BTreeSet::new();
    for row in
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| bug ") && !line.starts_with("| --- "))
    {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [bug, reported, tests] = cells.as_slice() else { panic!("{row}") };
        assert!(!bug.is_empty() && reported.contains('#'), "{row}");
        for test in tests.split(", ") {
            let (file, name) = test.trim_matches('`').split_once("::").unwrap_or_else(|| panic!("{row}"));
            let text = fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(has_test(&text, name), "{file} has no test {name}");
            named.insert(test);
        }
    }
    assert!(named.len() > 40, "{}", named.len());
}

/// Two sessions of one project: no event of the other session affects the run.
#[test]
fn a_stop_of_another_session_leaves_the_run_alone() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let _owner = Window::open_owner(&scratch, agent, "%1");
        let before = scratch.state().runs();
        let mut other = Window::open(&scratch, agent, "%2");
        for event in ["SessionStart", "UserPromptSubmit", "Stop", "PreCompact", "SessionEnd"] {
            assert_no_output(&other.hook(event, "s2", &json!({"prompt": "words"})));
            assert_eq!(scratch.state().runs(), before, "{agent}: {event}");
        }
    }
}

#[test]
fn no_prompt_and_no_message_is_kept() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, agent, "%1");
        let secret = "correct horse battery staple";
        let fields = json!({"prompt": secret, "last_assistant_message": secret, "message": secret, "tool_input": {"command": secret}});
        for event in [
            "SessionStart",
            "UserPromptSubmit",
            "Stop",
            "StopFailure",
            "Notification",
            "PermissionRequest",
            "Interrupt",
            "SessionEnd",
        ] {
            assert_no_output(&window.hook(event, "s1", &fields));
        }
        let state = scratch.state();
        assert!(state.logged() > 0 && !state.audit().is_empty());
        for (path, bytes) in &state.files {
            assert!(!String::from_utf8_lossy(bytes).contains("horse"), "{agent}: {}", path.display());
        }
    }
}
