//! The process of an owner executes another program, and keeps its pid and start time.

use agent_baton_core::agent::Agent;
use agent_baton_core::run::Run;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Opens session s1, which owns a run, and lets its process execute something else.
fn executed<'a>(scratch: &'a Scratch, program: &str, args: &[&str]) -> Window<'a> {
    let mut window = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    assert_eq!(window.baton("s1", &["run", "start", "demo"]).code, Some(0));
    window.process.execute(program, args);
    window
}

fn the_run(scratch: &Scratch) -> Run {
    scratch.state().runs().pop().expect("a run").record
}

#[test]
fn another_program_is_no_owner_and_what_resumes_its_session_is() {
    let scratch = Scratch::new();
    let window = executed(&scratch, "/bin/sleep", &["600"]);
    let session = &scratch.baton(["session", "list", "--json"]).run().json()["sessions"][0];
    assert_eq!((&session["status"], &session["evidence"]), (&json!("lost"), &json!("other_program")));
    assert!(window.process.is_alive());
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!((the_run(&scratch).fence.0, the_run(&scratch).owner.process.pid), (2, second.process.pid()));
}

#[test]
fn an_agent_that_executed_another_version_of_itself_may_be_the_owner() {
    let scratch = Scratch::new();
    let newer = scratch.root().join("newer/claude");
    std::fs::create_dir(newer.parent().unwrap()).unwrap();
    std::fs::copy("/bin/sleep", &newer).unwrap();
    let _window = executed(&scratch, newer.to_str().unwrap(), &["600"]);
    let session = &scratch.baton(["session", "list", "--json"]).run().json()["sessions"][0];
    assert_eq!((&session["status"], &session["evidence"]), (&json!("unknown"), &json!("changed_program")));
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    let told = second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert!(told.stdout.contains("--force"), "{told:?}");
    assert_eq!(the_run(&scratch).fence.0, 1);
}

#[test]
fn an_agent_whose_file_was_replaced_by_an_update_is_the_owner() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let file = scratch.root().join("bin/claude");
    std::fs::remove_file(&file).unwrap();
    std::fs::copy("/bin/sleep", &file).unwrap();
    let session = &scratch.baton(["session", "list", "--json"]).run().json()["sessions"][0];
    assert_eq!((&session["status"], &session["evidence"]), (&json!("active"), &json!("running")));
}
