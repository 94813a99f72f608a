//! Other pid namespaces, other machines, an old state, a clock that jumped, a stopped holder of the lock: baton
//! changes nothing that it cannot judge.

use std::path::Path;
use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_core::run::{Run, Status};
use agent_baton_tests::clock::{configure_stale_after, shift};
use agent_baton_tests::fault_injection::hold;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::reply::Reply;
use agent_baton_tests::window::{assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window, program, skip};
use serde_json::{Value, json};

fn the_run(scratch: &Scratch) -> Run {
    let state = scratch.state();
    state.check();
    state.only_run()
}

/// Sends an event from an agent inside namespaces of its own, after running `prelude` there. Returns `None` if such a
/// namespace cannot be created, and prints the reason.
fn elsewhere(scratch: &Scratch, unshare: &[&str], prelude: &str, payload: &Value) -> Option<String> {
    let tried = Command::new("unshare").args(unshare).arg("true").output();
    if !tried.as_ref().is_ok_and(|output| output.status.success()) {
        skip(&format!("this case needs the right to make namespaces: {tried:?}"));
        return None;
    }
    // The kernel names a process after the file that it runs.
    let agent = scratch.root().join("bin/claude");
    if !agent.exists() {
        std::os::unix::fs::symlink("/bin/sh", &agent).unwrap();
    }
    let event = scratch.root().join("event.json");
    std::fs::write(&event, payload.to_string()).unwrap();
    // The second command keeps the shell from replacing itself by the first.
    let script = format!("{} hook --agent claude < {}; exit $?", program::baton().display(), event.display());
    let output = Command::new("unshare")
        .args(unshare)
        .args(["/bin/sh", "-c", &format!("{prelude} exec \"$0\" -c \"$1\"")])
        .arg(&agent)
        .arg(script)
        .env_clear()
        .envs(scratch.env())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Resumes s1 elsewhere. That takes nothing and tells the user how to adopt the run. The owner's next event finds
/// everything unchanged.
fn resumed_elsewhere(unshare: &[&str], prelude: &str) {
    for killed in [false, true] {
        let scratch = Scratch::new();
        // A fake agent would be created under the same name.
        let bin = scratch.root().join("bin/claude");
        let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
        if killed {
            window.process.kill();
        }
        std::fs::remove_file(&bin).unwrap();
        let before = the_run(&scratch);
        let payload = window.payload("SessionStart", "s1", &json!({"source": "resume"}));
        let Some(stdout) = elsewhere(&scratch, unshare, prelude, &payload) else { return };
        let reply = Reply::parse(&stdout, "SessionStart").unwrap().expect("a reply");
        let words = reply.user.unwrap_or_default();
        assert!(words.contains("baton run adopt") && reply.model.is_none(), "{words}");
        assert_eq!(the_run(&scratch), before, "nobody there can know whether the owner lives");
        let places: Vec<_> =
            scratch.state().sessions()[0].record.launches.iter().map(|one| one.process.clone()).collect();
        assert_eq!(places.len(), 2);
        assert_ne!((&places[0].machine, places[0].pidns), (&places[1].machine, places[1].pidns));
        if !killed {
            assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "more"})));
            assert_eq!(window.baton("s1", &["run", "verify", "demo"]).code, Some(0));
        }
    }
}

#[test]
fn another_pid_namespace_takes_nothing() {
    resumed_elsewhere(&["--pid", "--fork", "--mount-proc"], "");
}

#[test]
fn another_machine_takes_nothing() {
    if !Path::new("/etc/machine-id").exists() {
        skip("this machine has no /etc/machine-id");
        return;
    }
    let other = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(other.path(), "0123456789abcdef0123456789abcdef\n").unwrap();
    resumed_elsewhere(&["--mount"], &format!("mount --bind {} /etc/machine-id &&", other.path().display()));
}

/// Copies a directory with everything in it.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_state_from_yesterday_makes_no_old_number_good_again() {
    let scratch = Scratch::new();
    let mut first = Window::open_owner(&scratch, Agent::Claude, "%1");
    let yesterday = scratch.root().join("yesterday");
    copy(&scratch.state_dir(), &yesterday);
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(the_run(&scratch).fence.0, 2);

    std::fs::rename(scratch.state_dir(), scratch.root().join("today")).unwrap();
    copy(&yesterday, &scratch.state_dir());
    // The owner in the old state is provably gone, so the process that is there takes over.
    let ended = second.hook("UserPromptSubmit", "s1", &json!({"prompt": "on"}));
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("was restored from a copy"), "{ended:?}");
    let run = the_run(&scratch);
    assert_eq!((run.fence.0, run.owner.process.pid), (1002, second.process.pid()));
    for old in ["1", "2", "1001"] {
        let refused = second.baton("s1", &["run", "update", "demo", "--fence", old, "--phase", "x"]);
        assert_eq!(refused.code, Some(3), "{old}: {refused:?}");
    }
    assert_eq!(the_run(&scratch).phase, None);
    assert_eq!(second.baton("s1", &["run", "update", "demo", "--fence", "1002", "--phase", "x"]).code, Some(0));
}

#[test]
fn a_state_from_yesterday_robs_no_owner() {
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    let yesterday = scratch.root().join("yesterday");
    copy(&scratch.state_dir(), &yesterday);
    std::fs::rename(scratch.state_dir(), scratch.root().join("today")).unwrap();
    copy(&yesterday, &scratch.state_dir());
    let mut other = Window::open(&scratch, Agent::Claude, "%2");
    other.hook("SessionStart", "s1", &json!({"source": "resume"}));
    let run = the_run(&scratch);
    assert_eq!((run.fence.0, run.owner.process.pid), (1001, window.process.pid()));
    assert_eq!(window.baton("s1", &["run", "update", "demo", "--phase", "x"]).code, Some(0), "below the owner");
    assert_eq!(other.baton("s1", &["run", "update", "demo", "--fence", "1", "--phase", "y"]).code, Some(3));
}

const YEARS: i64 = 10 * 365 * 24 * 60 * 60 * 1000;

#[test]
fn a_clock_that_jumped_changes_no_owner_and_abandons_nothing_of_this_boot() {
    for by in [YEARS, -YEARS] {
        let scratch = Scratch::new();
        let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
        shift(&scratch.state_dir(), by, false);
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "on"})));
        assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume"})));
        assert_eq!((the_run(&scratch).fence.0, the_run(&scratch).status), (1, Status::Active), "{by}");
        window.process.kill();
        shift(&scratch.state_dir(), by, false);
        let mut second = Window::open(&scratch, Agent::Claude, "%2");
        second.hook("SessionStart", "s1", &json!({"source": "resume"}));
        let run = the_run(&scratch);
        assert_eq!((run.fence.0, run.status, run.owner.process.pid), (2, Status::Active, second.process.pid()), "{by}");
        assert_no_output(&second.hook("SessionEnd", "s1", &json!({})));
        assert!(scratch.state().sessions()[0].record.ended.is_some(), "an end is not taken for an old one: {by}");
    }
}

#[test]
fn a_time_in_the_future_from_before_a_reboot_counts_from_the_boot_and_one_of_the_past_has_an_age() {
    // No machine that runs the tests was booted so long ago.
    let long = "3000d";
    for (by, status, fence) in [(YEARS, Status::Active, 2), (-YEARS, Status::Abandoned, 1)] {
        let scratch = Scratch::new();
        configure_stale_after(&scratch, long);
        let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
        window.process.kill();
        // Heartbeats in the log count as activity.
        std::fs::write(scratch.state_dir().join("sessions/s1.log"), "").unwrap();
        shift(&scratch.state_dir(), by, true);
        let before = the_run(&scratch);
        let mut second = Window::open(&scratch, Agent::Claude, "%2");
        second.hook("SessionStart", "s1", &json!({"source": "resume"}));
        let run = the_run(&scratch);
        assert_eq!((run.status, run.fence.0), (status, fence), "{by}");
        // Once it was seen, the clock of this boot counts.
        assert_ne!(run.updated.boot, before.updated.boot);
        assert!(run.updated.unix_ms.abs_diff(before.updated.unix_ms) > YEARS as u64 / 2);
    }
}

#[test]
fn a_run_from_the_future_is_as_old_as_its_session() {
    let scratch = Scratch::new();
    configure_stale_after(&scratch, "3000d");
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    window.process.kill();
    std::fs::write(scratch.state_dir().join("sessions/s1.log"), "").unwrap();
    shift(&scratch.state_dir().join("sessions"), -YEARS, true);
    shift(&scratch.state_dir().join("runs"), 7 * YEARS, true);
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(the_run(&scratch).status, Status::Abandoned);
}

#[test]
fn a_frozen_holder_of_the_lock_costs_one_event_its_wait_and_the_others_little() {
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    let mut frozen = Process::spawn(&scratch, &Launch { comm: "codex", args: &[], tty: false }, None);
    frozen.lock(&scratch.state_dir().join("lock"));
    frozen.stop();
    let ms = |session: &str, window: &mut Window<'_>| {
        let ended = window.hook("SessionStart", session, &json!({"source": "resume"}));
        assert_no_output(&ended);
        ended.wall_ns / 1_000_000
    };
    let first = ms("s1", &mut window);
    assert!(first >= 400, "an event waits for a holder that may only be slow: {first} ms");
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    // Take the fastest of several: the machine may be busy, but not each time.
    let later = (0..6).map(|n| ms(&format!("n{n}"), &mut second)).min().unwrap();
    assert!(later < 300, "{later} ms");
    assert!(scratch.state_dir().join("inbox").exists());
    frozen.kill();
    assert_no_output(&second.hook("UserPromptSubmit", "n5", &json!({"prompt": "on"})));
    let state = scratch.state();
    state.check();
    assert_eq!(state.sessions().len(), 7, "nothing of what waited is lost");
    assert_eq!(the_run(&scratch).fence.0, 1);
    // baton waits again for a holder that is only slow.
    let held = hold(&scratch);
    let slow = ms("n5", &mut second);
    assert!(slow >= 400, "{slow} ms");
    drop(held);
}

#[test]
fn what_waited_is_acted_on_in_the_order_in_which_it_came() {
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    for events in [["SessionEnd", "SessionStart"], ["SessionStart", "SessionEnd"]] {
        let held = hold(&scratch);
        for event in events {
            assert_no_output(&window.hook(event, "s1", &json!({"source": "resume", "order": events})));
        }
        drop(held);
        let mut other = Window::open(&scratch, Agent::Claude, "%2");
        other.hook("SessionStart", "s2", &json!({"order": events}));
        let state = scratch.state();
        state.check();
        let session = state.sessions().into_iter().find(|kept| kept.record.id.as_str() == "s1").unwrap().record;
        assert_eq!(session.ended.is_some(), events[1] == "SessionEnd", "{events:?}");
        assert_eq!(session.launches.len(), 1);
    }
    assert_eq!(the_run(&scratch).fence.0, 1);
}

#[test]
fn a_commit_of_another_machine_is_left_to_it() {
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    let wal = json!({"machine": "another", "at": {"unix_ms": 1, "boot": "b", "boot_ms": 1}, "entries": [], "audit": 99,
        "line": {}});
    let path = scratch.state_dir().join("wal.json");
    std::fs::write(&path, wal.to_string()).unwrap();
    assert_one_line(&window.hook("SessionStart", "s1", &json!({"source": "resume"})), 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wal.to_string());
    assert_eq!(window.baton("s1", &["run", "update", "demo", "--phase", "x"]).code, Some(1));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(window.baton("s1", &["run", "update", "demo", "--phase", "x"]).code, Some(0));
    assert_eq!(the_run(&scratch).phase.as_deref(), Some("x"));
}
