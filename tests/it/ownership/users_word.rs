//! Where nobody can tell whether an owner is alive, as after a container was rebuilt, the user's word counts: each refusal
//! names it, and it leads there.

use agent_baton_core::agent::Agent;
use agent_baton_core::run::{Run, Status};
use agent_baton_core::session::Session;
use agent_baton_tests::other_machine::carry_off;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Project, Scratch, Window};
use serde_json::json;

/// Opens session s1, which owns a run, in a container that is then rebuilt. The process is left running, so that only the
/// user's word can count.
fn rebuilt(scratch: &Scratch) -> Window<'_> {
    let mut window = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    assert_eq!(window.baton("s1", &["run", "start", "demo"]).code, Some(0));
    carry_off_all(scratch);
    window
}

fn carry_off_all(scratch: &Scratch) {
    for dir in ["sessions", "runs"] {
        carry_off(&scratch.state_dir().join(dir));
    }
}

fn the_run(scratch: &Scratch) -> Run {
    scratch.state().runs().pop().expect("a run").record
}

fn the_session(scratch: &Scratch) -> Session {
    scratch.state().sessions().pop().expect("a session").record
}

fn user(scratch: &Scratch, args: &[&str]) -> Output {
    scratch.baton(args.iter().copied()).run()
}

fn refused(output: &Output, words: &[&str]) {
    assert_eq!(output.code, Some(3), "{output:?}");
    assert!(words.iter().all(|word| output.stderr.contains(word)), "{words:?} in {output:?}");
}

#[test]
fn a_session_of_a_rebuilt_container_is_resumed_with_its_run() {
    let scratch = Scratch::new();
    let _window = rebuilt(&scratch);
    let before = (the_session(&scratch), the_run(&scratch));
    let way_out = ["baton resume s1 --force", "two agents write one conversation"];
    refused(&user(&scratch, &["resume", "s1"]), &way_out);
    refused(&user(&scratch, &["run", "adopt", "demo", "--session", "s1"]), &way_out[..1]);
    let planned = user(&scratch, &["resume", "s1", "--force", "--dry-run"]);
    assert!(planned.code == Some(0) && planned.stdout.contains("claude --resume s1"), "{planned:?}");
    assert_eq!((the_session(&scratch), the_run(&scratch)), before);

    assert_eq!(user(&scratch, &["resume", "s1", "--force"]).stdout, planned.stdout);
    assert_eq!(user(&scratch, &["session", "list", "--json"]).json()["sessions"][0]["status"], "lost");
    let explained = user(&scratch, &["explain", "s1"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(explained.contains("declared_gone: A user said that the session's processes are gone"), "{explained}");
    // The resume itself moves the run: nobody is asked again.
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    let run = the_run(&scratch);
    assert_eq!((run.fence.0, run.owner.process.pid), (2, second.process.pid()));
}

#[test]
fn the_word_of_a_user_ends_nothing_that_is_alive() {
    let scratch = Scratch::new();
    let mut window = rebuilt(&scratch);
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    refused(&user(&scratch, &["resume", "s1", "--force"]), &["already running"]);
    assert!(the_session(&scratch).launches.iter().all(|launch| launch.ended.is_none()));
    // Whoever was declared gone and is not is there again with its next event.
    second.process.kill();
    assert_eq!(user(&scratch, &["resume", "s1", "--force"]).code, Some(0));
    assert_eq!(window.hook("UserPromptSubmit", "s1", &json!({"prompt": "on"})).code, Some(0));
    assert_eq!(user(&scratch, &["session", "list", "--json"]).json()["sessions"][0]["status"], "active");
    assert!(user(&scratch, &["resume", "--force"]).code == Some(2), "only for a session that is named");
}

#[test]
fn a_command_of_a_rebuilt_container_is_continued() {
    let scratch = Scratch::new();
    let begun = user(&scratch, &["run", "with", "demo", "--", "/bin/sh", "-c", "kill -9 $PPID"]);
    assert_ne!(begun.code, Some(0), "{begun:?}");
    carry_off_all(&scratch);
    let again = ["run", "with", "demo", "--", "true"];
    refused(&user(&scratch, &again), &["--force", "two commands do one job"]);
    assert_eq!((the_run(&scratch).fence.0, the_run(&scratch).status), (1, Status::Active));
    let continued = user(&scratch, &["run", "with", "demo", "--force", "--", "true"]);
    assert_eq!(continued.code, Some(0), "{continued:?}");
    assert_eq!((the_run(&scratch).fence.0, the_run(&scratch).status), (2, Status::Done));
}

#[test]
fn the_files_of_a_project_of_a_rebuilt_container_are_restored_for_good() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    project.write("AGENTS.md", "the agent's\n");
    carry_off_all(&scratch);
    carry_off(&project.protected_store());
    refused(&project.baton(&["restore"]), &["--force"]);
    assert_eq!(project.baton(&["restore", "--force"]).code, Some(0));
    assert_eq!((project.read("AGENTS.md").as_deref(), project.state()), (Some("mine\n"), ("idle".to_owned(), 0)));
}

#[test]
fn a_session_of_a_rebuilt_container_is_deleted() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    carry_off_all(&scratch);
    refused(&user(&scratch, &["session", "delete", "s1"]), &["--force"]);
    assert_eq!(user(&scratch, &["session", "delete", "s1", "--force"]).code, Some(0));
}
