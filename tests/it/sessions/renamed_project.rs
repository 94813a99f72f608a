//! Renames the directory in which sessions work.

use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_tests::account::Account;
use agent_baton_tests::reply::Reply;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Creates a directory below the home.
fn directory(scratch: &Scratch, name: &str) -> PathBuf {
    let path = scratch.home().join(name);
    fs::create_dir_all(&path).unwrap();
    fs::canonicalize(path).unwrap()
}

/// Returns the project of a session or a run.
fn project(scratch: &Scratch, what: &str, id: &str) -> PathBuf {
    let output = scratch.baton([what, "show", id, "--json"]).run();
    output.json()["project"].as_str().unwrap().into()
}

/// Returns whether `session list --here` shows a session in a directory.
fn is_here(scratch: &Scratch, directory: &Path, session: &str) -> bool {
    let output: Output = scratch.baton(["session", "list", "--here", "--json"]).cwd(directory).run();
    output.json()["sessions"].as_array().unwrap().iter().any(|listed| listed["id"] == session)
}

/// Session `a` starts run `port` in a directory, and is killed.
fn start_and_kill(scratch: &Scratch, directory: &Path) {
    let mut window = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "a", &json!({"cwd": directory})));
    assert_no_output(&window.hook("UserPromptSubmit", "a", &json!({"cwd": directory, "prompt": "words"})));
    assert_eq!(window.baton("a", &["run", "start", "port"]).code, Some(0));
    window.process.kill();
}

#[test]
fn a_session_and_its_run_follow_a_rename() {
    let scratch = Scratch::new();
    let old = directory(&scratch, "old");
    let new = scratch.home().join("new");
    start_and_kill(&scratch, &old);
    fs::rename(&old, &new).unwrap();

    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    let resumed = second.hook("SessionStart", "a", &json!({"cwd": new, "source": "resume"}));
    assert!(resumed.stdout.contains("port"), "{resumed:?}");
    assert_eq!(project(&scratch, "session", "a"), new);
    assert_eq!(project(&scratch, "run", "port"), new);
    assert!(is_here(&scratch, &new, "a"));
    second.process.kill();

    // The index has followed too, so another session there is offered the run.
    let mut third = Window::open(&scratch, Agent::Claude, "%3");
    let offered = third.hook("SessionStart", "b", &json!({"cwd": new}));
    assert!(offered.stdout.contains("port"), "{offered:?}");
}

#[test]
fn a_new_session_in_a_renamed_directory_is_offered_its_run() {
    for leaves_link in [false, true] {
        let scratch = Scratch::new();
        let old = directory(&scratch, "old");
        let new = scratch.home().join("new");
        start_and_kill(&scratch, &old);
        fs::rename(&old, &new).unwrap();
        if leaves_link {
            std::os::unix::fs::symlink(&new, &old).unwrap();
        }

        let mut second = Window::open(&scratch, Agent::Claude, "%2");
        let offered = second.hook("SessionStart", "b", &json!({"cwd": new}));
        assert!(offered.stdout.contains("port"), "{offered:?}");
        assert_eq!(project(&scratch, "run", "port"), new);
        assert_eq!(second.baton("b", &["run", "adopt", "port"]).code, Some(0));
    }
}

#[test]
fn a_directory_that_replaced_a_removed_one_gets_none_of_its_runs() {
    let scratch = Scratch::new();
    let old = directory(&scratch, "old");
    start_and_kill(&scratch, &old);
    fs::remove_dir(&old).unwrap();
    let new = directory(&scratch, "new");
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    assert_no_output(&second.hook("SessionStart", "b", &json!({"cwd": new})));
    assert_eq!(project(&scratch, "run", "port"), old);
}

#[test]
fn a_living_session_follows_at_its_next_event_whatever_it_is() {
    for (event, mut fields, leaves_link) in [
        ("UserPromptSubmit", json!({"prompt": "more words"}), false),
        ("Stop", json!({}), false),
        ("Notification", json!({"message": "words", "notification_type": "idle_prompt"}), false),
        ("Stop", json!({}), true),
    ] {
        let scratch = Scratch::new();
        let old = directory(&scratch, "old");
        let new = scratch.home().join("new");
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&window.hook("SessionStart", "a", &json!({"cwd": old})));
        assert_no_output(&window.hook("UserPromptSubmit", "a", &json!({"cwd": old, "prompt": "words"})));
        fs::rename(&old, &new).unwrap();
        if leaves_link {
            std::os::unix::fs::symlink(&new, &old).unwrap();
        }
        fields["cwd"] = json!(new);
        assert_no_output(&window.hook(event, "a", &fields));
        assert_eq!(project(&scratch, "session", "a"), new, "{event}");
    }
}

#[test]
fn a_session_that_only_goes_elsewhere_stays() {
    let scratch = Scratch::new();
    let (here, elsewhere) = (directory(&scratch, "here"), directory(&scratch, "elsewhere"));
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "a", &json!({"cwd": here})));
    for cwd in [&elsewhere, &scratch.home().join("nowhere")] {
        assert_no_output(&window.hook("UserPromptSubmit", "a", &json!({"cwd": cwd, "prompt": "words"})));
        assert_eq!(project(&scratch, "session", "a"), here);
    }
    // Both the project and the directory are gone: nothing says where the work is.
    fs::remove_dir(&here).unwrap();
    assert_no_output(&window.hook("Stop", "a", &json!({"cwd": scratch.home().join("nowhere")})));
    assert_eq!(project(&scratch, "session", "a"), here);
}

#[test]
fn the_command_of_a_loop_runs_where_the_project_is_now() {
    let scratch = Scratch::new();
    let Some(account) = Account::new(&scratch) else { return };
    let old = scratch.home().join("work");
    let new = scratch.home().join("new");
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "a", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "a", &json!({"prompt": "words"})));
    let typed = account.types("run start demo --loop --prompt Go --session a --done-when 'pwd; false'");
    assert_eq!(typed.code, Some(0), "{typed:?}");
    fs::rename(&old, &new).unwrap();
    for n in 1..=2 {
        let message = format!("part {n}");
        let fields = json!({"cwd": new, "last_assistant_message": message, "stop_hook_active": false});
        let mut run = account.of(window.call("a", window.payload("Stop", "a", &fields).to_string()));
        run.cwd.clone_from(&new);
        let ended = window.process.run(run);
        let prompt = Reply::parse(&ended.stdout, "Stop").unwrap().expect("something is said").reason.unwrap();
        assert!(prompt.ends_with(&format!("\n\n{}", fs::canonicalize(&new).unwrap().display())), "{prompt}");
    }
}
