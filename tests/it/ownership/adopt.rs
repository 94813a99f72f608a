//! `run adopt`: what the user must confirm, depending on what is known about the owner.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use agent_baton_core::agent::Agent;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window, program};
use serde_json::{Value, json};

/// Opens session s1 in pane %1, which owns a run, and session s2 in pane %2, which owns none.
fn two(scratch: &Scratch) -> [Window<'_>; 2] {
    let mut windows = ["%1", "%2"].map(|pane| Window::open(scratch, Agent::Claude, pane));
    for (window, session) in windows.iter_mut().zip(["s1", "s2"]) {
        assert_no_output(&window.hook("SessionStart", session, &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
    }
    assert_eq!(windows[0].baton("s1", &["run", "start", "demo"]).code, Some(0));
    windows
}

/// Moves the owner to another machine, so that its liveness is unknown here.
fn carry_off(scratch: &Scratch) {
    let run = scratch.state().only_run();
    let files =
        [format!("runs/{}.json", run.id), "sessions/s1.json".to_owned()].map(|file| scratch.state_dir().join(file));
    for file in files {
        let mut record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for process in ["/owner/process", "/launches/0/process"] {
            if let Some(process) = record.pointer_mut(process) {
                process["machine"] = json!("another");
            }
        }
        std::fs::write(file, record.to_string()).unwrap();
    }
}

#[test]
fn an_owner_that_lives_is_shown_and_fenced_only_knowingly() {
    let scratch = Scratch::new();
    let [mut owner, mut other] = two(&scratch);
    let before = scratch.state().only_run();
    let shown = [format!("pid {}", owner.process.pid()), "%1".to_owned()];
    for words in [&["run", "adopt", "demo"][..], &["run", "adopt", "demo", "--force"]] {
        let refused = other.baton("s2", words);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(shown.iter().all(|part| refused.stderr.contains(part)), "{refused:?}");
        assert_eq!(scratch.state().only_run(), before);
    }
    let taken = other.baton("s2", &["run", "adopt", "demo", "--take"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert!(shown.iter().all(|part| taken.stderr.contains(part)), "{taken:?}");
    let run = scratch.state().only_run();
    assert_eq!((run.fence.0, run.owner.session.as_ref().unwrap().as_str()), (2, "s2"));
    let refused = owner.baton("s1", &["run", "update", "demo", "--fence", "1", "--phase", "x"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("Your fence 1 is stale; the current fence is 2"), "{refused:?}");
    assert_eq!(owner.baton("s1", &["run", "update", "demo", "--phase", "x"]).code, Some(3), "below the old owner");
}

#[test]
fn an_owner_that_may_live_needs_force_where_nobody_can_be_asked() {
    let scratch = Scratch::new();
    let [_owner, mut other] = two(&scratch);
    carry_off(&scratch);
    let refused = other.baton("s2", &["run", "adopt", "demo"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(scratch.state().only_run().fence.0, 1);
    assert_eq!(other.baton("s2", &["run", "adopt", "demo", "--force"]).code, Some(0));
    assert_eq!(scratch.state().only_run().fence.0, 2);
}

#[test]
fn an_owner_that_may_live_is_asked_about_at_a_terminal() {
    for (answer, code, fence) in [("n\n", 3, 1), ("\n", 3, 1), ("y\n", 0, 2)] {
        let scratch = Scratch::new();
        let [_owner, _other] = two(&scratch);
        carry_off(&scratch);
        let terminal = nix::pty::openpty(None, None).unwrap();
        let mut child = Command::new(program::baton())
            .args(["run", "adopt", "demo", "--session", "s2"])
            .current_dir(scratch.home().join("work"))
            .env_clear()
            .envs(scratch.env())
            .stdin(terminal.slave.try_clone().unwrap())
            .stdout(Stdio::null())
            .stderr(terminal.slave)
            .spawn()
            .unwrap();
        // The answer is read when the question comes.
        File::from(terminal.master.try_clone().unwrap()).write_all(answer.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{answer:?}");
        assert_eq!(scratch.state().only_run().fence.0, fence, "{answer:?}");
    }
}

/// Codex keeps the thread loaded that its user left with `/new` or `/clear`, so its owner lives. The command in the
/// message works all the same.
#[test]
fn a_run_that_was_left_in_this_window_is_taken_by_the_command_that_the_message_names() {
    for source in ["startup", "clear"] {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, Agent::Codex, "%1");
        let locks = scratch.home().join(".codex/thread-writer-locks");
        std::fs::create_dir_all(&locks).unwrap();
        window.process.lock(&locks.join("s1.lock"));
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        assert_eq!(window.baton("s1", &["run", "start", "demo"]).code, Some(0));
        let run = scratch.state().only_run().id;

        window.process.lock(&locks.join("s2.lock"));
        let started = window.hook("SessionStart", "s2", &json!({"source": source}));
        let reply: Value = serde_json::from_str(&started.stdout).unwrap();
        let message = reply["systemMessage"].as_str().unwrap();
        assert!(message.contains("left in this window"), "{message}");
        let (_, command) = message.split_once("To move it to this session: `baton ").unwrap();
        let (command, _) = command.split_once("`. ").unwrap();

        let show = scratch.baton(["run", "show", run.as_str()]).run().stdout;
        assert!(show.contains(&format!("`baton {command}` takes the run along")), "{show}");
        for words in [&["run", "list"][..], &["status"]] {
            let listed = scratch.baton(words.iter().copied()).run().stdout;
            let line = listed.lines().find(|line| line.contains(run.as_str())).unwrap();
            assert!(line.split_whitespace().any(|word| word == "left"), "{listed}");
        }

        let refused = scratch.baton(["run", "adopt", run.as_str(), "--session", "s2"]).run();
        assert_eq!(refused.code, Some(3), "without --take: {refused:?}");
        let taken = scratch.baton(command.split(' ')).run();
        assert_eq!(taken.code, Some(0), "{command}: {taken:?}");
        let owned = scratch.state().only_run();
        let listed = scratch.baton(["run", "list"]).run().stdout;
        assert!(!listed.contains("left"), "{listed}");
        assert_eq!((owned.id, owned.fence.0), (run, 2));
        assert_eq!(owned.owner.session.as_ref().unwrap().as_str(), "s2");
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "late"})));
        assert_eq!(scratch.state().only_run().fence.0, 2, "the left thread takes nothing back");
    }
}
