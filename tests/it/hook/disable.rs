//! `baton disable`: baton does nothing if a user disabled it, and continues if only a repository did.

use std::os::unix::fs::MetadataExt;

use agent_baton_core::agent::Agent;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

const DISABLE: &str = "BATON_DISABLE";

fn begin(scratch: &Scratch, agent: Agent) -> (Window<'_>, String) {
    let mut window = Window::open(scratch, agent, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let started = window.baton("s1", &["run", "start", "demo", "--json"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let run: Value = serde_json::from_str(&started.stdout).unwrap();
    (window, run["id"].as_str().unwrap().to_owned())
}

fn say(scratch: &Scratch, words: &str) -> String {
    let output = scratch.baton(words.split_whitespace()).run();
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{words}: {output:?}");
    output.stdout
}

/// Returns what the hooks recorded, without the file that says where baton is disabled.
fn recorded(scratch: &Scratch) -> Vec<(String, Vec<u8>)> {
    let files =
        scratch.state().files.into_iter().filter(|(path, _)| !path.ends_with("format") && !path.ends_with("lock"));
    files.map(|(path, bytes)| (path.display().to_string(), bytes)).collect()
}

const EVENTS: [&str; 5] = ["UserPromptSubmit", "Stop", "SessionStart", "PreCompact", "SessionEnd"];

#[test]
fn disabled_hooks_do_nothing_until_enabled() {
    for agent in Agent::ALL {
        for flag in ["", "--project"] {
            let scratch = Scratch::new();
            let (mut window, id) = begin(&scratch, agent);
            say(&scratch, &format!("disable {flag}"));
            let before = recorded(&scratch);
            for event in EVENTS {
                assert_no_output(&window.hook(event, "s1", &json!({"prompt": "more"})));
                assert_no_output(&window.hook(event, "s2", &json!({"prompt": "more"})));
            }
            assert_eq!(recorded(&scratch), before, "{agent} {flag}");
            let refused = window.baton("s1", &["run", "adopt", &id]);
            assert_eq!(refused.code, Some(3), "{refused:?}");
            assert!(refused.stderr.contains("baton enable"), "{refused:?}");
            // A user's cancel still works.
            say(&scratch, &format!("run cancel {id}"));
            say(&scratch, &format!("enable {flag}"));
            assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "more"})));
            assert_ne!(recorded(&scratch), before, "{agent} {flag}");
            scratch.state().check();
        }
    }
}

#[test]
fn another_project_goes_on() {
    let scratch = Scratch::new();
    let elsewhere = scratch.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    assert_eq!(scratch.baton(["disable", "--project"]).cwd(&elsewhere).run().code, Some(0));
    let (mut window, _) = begin(&scratch, Agent::Claude);
    let before = recorded(&scratch);
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "more"})));
    assert_ne!(recorded(&scratch), before);
    // A session stays in the project in which it was registered, whatever directory it visits.
    let before = recorded(&scratch);
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "there", "cwd": elsewhere})));
    assert_ne!(recorded(&scratch), before);
    let before = recorded(&scratch);
    assert_no_output(&window.hook("SessionStart", "s2", &json!({"cwd": elsewhere})));
    assert_eq!(recorded(&scratch), before);
    assert!(say(&scratch, "enable").contains("elsewhere"), "what is still disabled is named");
}

#[test]
fn disabling_does_not_wait_for_another_call_that_hangs() {
    let scratch = Scratch::new();
    let (mut window, _) = begin(&scratch, Agent::Codex);
    let inode = std::fs::metadata(scratch.state_dir().join("lock")).unwrap().ino();
    window.process.lock(&scratch.state_dir().join("lock"));
    say(&scratch, "disable");
    let before = recorded(&scratch);
    assert_no_output(&window.hook("SessionStart", "s2", &json!({})));
    assert_eq!(recorded(&scratch), before);
    say(&scratch, "enable");
    assert_eq!(std::fs::metadata(scratch.state_dir().join("lock")).unwrap().ino(), inode);
}

#[test]
fn disabling_begins_a_state_and_outlives_its_being_put_back() {
    let scratch = Scratch::new();
    say(&scratch, "disable");
    let before = recorded(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_eq!(recorded(&scratch), before);
    // Replace the lock file, as if the state was restored from a copy.
    std::fs::rename(scratch.state_dir().join("lock"), scratch.state_dir().join("old")).unwrap();
    say(&scratch, "enable --project");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert!(scratch.state().sessions().is_empty());
    say(&scratch, "enable");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_eq!(scratch.state().sessions().len(), 1);
}

/// Calls a hook with the variable set to `inside`, below an agent that was started with `outside`. Returns whether
/// the event was recorded.
fn is_heard(agent: Agent, outside: Option<&str>, inside: Option<&str>) -> bool {
    let scratch = Scratch::new();
    scratch.set(DISABLE, outside);
    let mut window = Window::open(&scratch, agent, "%1");
    let mut call = window.call("s1", window.payload("SessionStart", "s1", &json!({})).to_string());
    call.env.remove(DISABLE);
    call.env.extend(inside.map(|value| (DISABLE.to_owned(), value.to_owned())));
    assert_no_output(&window.process.run(call));
    !scratch.state().sessions().is_empty()
}

#[test]
fn the_environment_counts_where_it_is_the_persons() {
    for agent in Agent::ALL {
        for (outside, inside, heard) in [
            (None, None, true),
            (Some("1"), Some("1"), false),
            // A repository's settings set the variable only for hooks.
            (None, Some("1"), true),
            (Some("1"), Some("0"), false),
            (Some("1"), Some(""), false),
            (Some("0"), Some("1"), true),
            (Some("yes"), Some("yes"), true),
        ] {
            assert_eq!(is_heard(agent, outside, inside), heard, "{agent} {outside:?} {inside:?}");
        }
    }
}

#[test]
fn an_agent_in_a_tool_of_another_began_with_what_the_others_settings_say() {
    for (outer_value, heard) in [(None, true), (Some("1"), false)] {
        let scratch = Scratch::new();
        scratch.set(DISABLE, outer_value);
        let mut outer = Window::open(&scratch, Agent::Claude, "%1");
        scratch.set(DISABLE, Some("1"));
        let mut inner = Window::open_inside(&mut outer, "s1", Agent::Codex);
        let mut call = inner.call("s2", inner.payload("SessionStart", "s2", &json!({})).to_string());
        call.env.insert(DISABLE.to_owned(), "1".to_owned());
        assert_no_output(&inner.process.run(call));
        assert_eq!(!scratch.state().sessions().is_empty(), heard, "{outer_value:?}");
    }
}
