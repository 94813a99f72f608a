//! Lessons from other session managers, tested with the built program: the cases of `docs/PEERS.md` that need files,
//! locks or real processes, each under its id. The others are in `core-wasm/tests/it/prior_art.rs`.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use agent_baton_core::agent::Agent;
use agent_baton_core::pane::Pane;
use agent_baton_core::run::Run;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::program;
use agent_baton_tests::state::State;
use agent_baton_tests::window::{assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// Opens session `s1` in a window of this agent, with a prompt and a run. Returns the run's id.
fn own_run(window: &mut Window<'_>) -> String {
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let started = window.baton("s1", &["run", "start", "demo", "--json"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let run: Value = serde_json::from_str(&started.stdout).unwrap();
    run["id"].as_str().unwrap().to_owned()
}

/// Returns the only run.
fn run(scratch: &Scratch) -> Run {
    let mut runs = scratch.state().runs();
    assert_eq!(runs.len(), 1);
    runs.remove(0).record
}

/// Returns the ids that a successful `session list` prints, and its stderr.
fn listed(scratch: &Scratch) -> (Vec<String>, String) {
    let output = scratch.baton(["session", "list", "--all", "--json"]).run();
    let sessions = output.json();
    let ids = sessions["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned());
    (ids.collect(), output.stderr)
}

/// Does what Codex does when a turn has ended and a notify program is set.
fn notify(window: &mut Window<'_>, thread: &str) -> Ended {
    let told = json!({"type": "agent-turn-complete", "thread-id": thread, "turn-id": "t", "cwd": "/w", "client": "codex-tui",
        "input-messages": ["words"], "last-assistant-message": "words"});
    let argv = [program::baton().to_str().unwrap(), "hook", "--agent", "codex", &told.to_string()].map(str::to_owned);
    let run = window.below(thread, argv.into(), String::new());
    window.process.run(run)
}

/// Damages the record of a run whose owner is gone. A resumed session takes nothing, and the file stays the same byte
/// for byte.
fn spoiled_run_stays(spoil: impl Fn(&mut Value)) {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Codex, "%1");
    let id = own_run(&mut first);
    first.process.kill();
    let path = scratch.state_dir().join(format!("runs/{id}.json"));
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    spoil(&mut record);
    let bytes = if record.is_string() { record.as_str().unwrap().to_owned() } else { record.to_string() };
    fs::write(&path, &bytes).unwrap();
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    assert_one_line(&second.hook("SessionStart", "s1", &json!({"source": "resume"})), 0);
    assert_one_line(&second.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})), 0);
    assert_eq!(fs::read(&path).unwrap(), bytes.as_bytes());
    assert!(!scratch.state_dir().join(format!("archive/runs/{id}.json")).exists());
    // The session also gets no other run beside the one that cannot be read.
    let started = second.baton("s1", &["run", "start", "another"]);
    assert_ne!(started.code, Some(0), "{started:?}");
}

/// A notification of a known thread is only a heartbeat: records do not change, and an unknown thread is not
/// registered.
#[test]
fn omx_012_legacy_thread_kept() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    assert_no_output(&notify(&mut window, "s1"));
    assert!(scratch.state().files.is_empty(), "a notification begins nothing");
    own_run(&mut window);
    let before = scratch.state();
    assert_no_output(&notify(&mut window, "s1"));
    let after = scratch.state();
    assert_eq!((after.sessions(), after.runs(), after.audit()), (before.sessions(), before.runs(), before.audit()));
    assert!(after.logged() > before.logged());
    assert_no_output(&notify(&mut window, "s2"));
    assert_eq!(scratch.state(), after);
}

/// The thread continues in a new process that announces nothing. Its first prompt takes over the run.
#[test]
fn omx_015_thread_turnover() {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Codex, "%1");
    own_run(&mut first);
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    let ended = second.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = run(&scratch);
    assert_eq!((run.fence.0, run.owner.process.pid), (2, second.process.pid()));
}

/// A thread id alone moves nothing, although the owner is gone. The session's own event does.
#[test]
fn omx_016_legacy_thread_transfer() {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Codex, "%1");
    own_run(&mut first);
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    let before = scratch.state();
    assert_no_output(&notify(&mut second, "s1"));
    assert_eq!(scratch.state(), before);
    let ended = second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(run(&scratch).owner.process.pid, second.process.pid());
}

/// Changed: the status is one of seven words. Any other word is an error and is not corrected.
#[test]
fn omx_029_terminal_phase_case() {
    for word in ["  Complete ", "Active", "active "] {
        spoiled_run_stays(|run| run["status"] = json!(word));
    }
}

#[test]
fn omx_030_active_must_be_true() {
    for value in [json!(true), json!(1), json!(["active"]), json!(null)] {
        spoiled_run_stays(|run| run["status"] = value.clone());
    }
}

#[test]
fn omx_032_unreadable_current_blocks() {
    spoiled_run_stays(|run| *run = json!("{ \"status\": \"acti"));
}

/// Neither an event nor a list follows a record that is a symbolic link, and it stops nothing else.
#[test]
fn omx_036_symlinked_session_dir_skipped() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let sessions = scratch.state_dir().join("sessions");
    let elsewhere = scratch.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let record = fs::read_to_string(sessions.join("s1.json")).unwrap().replace("\"s1\"", "\"s2\"");
    fs::write(elsewhere.join("s2.json"), &record).unwrap();
    symlink(elsewhere.join("s2.json"), sessions.join("s2.json")).unwrap();
    symlink(&elsewhere, sessions.join("s3.json")).unwrap();
    assert_one_line(&window.hook("SessionStart", "s2", &json!({})), 0);
    assert_one_line(&window.hook("SessionStart", "s3", &json!({})), 0);
    assert_eq!(listed(&scratch).0, ["s1"]);
    assert_eq!(fs::read_to_string(elsewhere.join("s2.json")).unwrap(), record);
    assert!(sessions.join("s2.json").is_symlink() && sessions.join("s3.json").is_symlink());
}

/// Changed: a record without its times is incomplete, and no other time replaces them.
#[test]
fn omx_047_mtime_fallback() {
    spoiled_run_stays(|run| drop(run.as_object_mut().unwrap().remove("updated")));
}

#[test]
fn omx_048_unparsable_timestamps() {
    for time in [json!("yesterday"), json!(null), json!({"unix_ms": -1, "boot": "b", "boot_ms": 0})] {
        spoiled_run_stays(|run| run["updated"] = time.clone());
    }
}

/// Without an agent above the hook there is no possible owner, so nothing is written.
#[test]
fn omx_051_no_pointer() {
    let scratch = Scratch::new();
    let payload = Window::open(&scratch, Agent::Codex, "%1").payload("SessionStart", "s1", &json!({})).to_string();
    let mut other = Process::spawn(&scratch, &Launch { comm: "other", args: &[], tty: true }, None);
    let mut call = Window::open(&scratch, Agent::Codex, "%1").call("s1", payload);
    call.shell = None;
    assert_no_output(&other.run(call));
    assert_eq!(scratch.state().sessions(), []);
}

/// Changed: a record that cannot be read is not the same as no record.
#[test]
fn omx_053_pointer_broken_json() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let path = scratch.state_dir().join("sessions/s1.json");
    fs::write(&path, "{ nope").unwrap();
    assert_one_line(&window.hook("SessionStart", "s1", &json!({"source": "resume"})), 0);
    let started = window.baton("s1", &["run", "start", "demo"]);
    assert_eq!(started.code, Some(1), "{started:?}");
    assert_eq!(fs::read(&path).unwrap(), b"{ nope");
    assert_eq!(scratch.state().runs(), []);
}

/// Changed: a named session that does not exist is reported as missing, and no other session replaces it.
#[test]
fn omx_055_env_session_needs_dir() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let before = scratch.state();
    let started = window.baton("ghost", &["run", "start", "demo"]);
    assert_eq!(started.code, Some(4), "{started:?}");
    assert!(started.stderr.contains("ghost"), "{started:?}");
    assert_eq!(scratch.state(), before);
}

/// In a plain shell, a session of another directory is not the one that is meant.
#[test]
fn omx_059_pointer_other_worktree() {
    let scratch = Scratch::new();
    let other = scratch.home().join("other");
    fs::create_dir(&other).unwrap();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"cwd": other})));
    let before = scratch.state();
    assert_eq!(scratch.baton(["run", "start", "demo"]).run().code, Some(4));
    assert_eq!(scratch.state(), before);
    assert_eq!(scratch.baton(["run", "start", "demo"]).cwd(&other).run().code, Some(0));
    assert_eq!(run(&scratch).owner.session.unwrap().as_str(), "s1");
}

#[test]
fn omx_060_pointer_symlinked_cwd() {
    let scratch = Scratch::new();
    let alias = scratch.home().join("alias");
    symlink(scratch.home().join("work"), &alias).unwrap();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"cwd": alias})));
    let work = scratch.home().join("work").canonicalize().unwrap();
    assert_eq!(scratch.state().sessions()[0].record.project.as_deref(), work.to_str());
    assert_eq!(scratch.baton(["run", "start", "demo"]).run().code, Some(0));
}

/// Starts a process that holds the state's lock, for whatever reason.
fn holder(scratch: &Scratch) -> Process {
    let mut holder = Process::spawn(scratch, &Launch { comm: "holder", args: &[], tty: false }, None);
    holder.lock(&scratch.state_dir().join("lock"));
    holder
}

/// The kernel holds the lock for a process. A file that was left behind is not a lock, however new it is.
#[test]
fn omx_070_lock_stale_broken() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let lock = scratch.state_dir().join("lock");
    for age in [Duration::ZERO, Duration::from_secs(11)] {
        fs::write(&lock, "1.2.3").unwrap();
        File::options().write(true).open(&lock).unwrap().set_modified(SystemTime::now() - age).unwrap();
        let session = format!("s-{}", age.as_secs());
        assert_no_output(&window.hook("SessionStart", &session, &json!({})));
        assert!(scratch.state_dir().join(format!("sessions/{session}.json")).exists());
    }
}

/// A dead holder blocks nobody: the next call gets the lock and handles the waiting event.
#[test]
fn omx_072_lock_dead_holder_blocks() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let mut holder = holder(&scratch);
    assert_no_output(&window.hook("SessionStart", "s2", &json!({})));
    let waiting = |scratch: &Scratch| scratch.state().files.keys().any(|path| path.starts_with("inbox"));
    assert!(waiting(&scratch), "the event waits for the lock");
    holder.kill();
    assert_no_output(&window.hook("SessionStart", "s3", &json!({})));
    let state = scratch.state();
    state.check();
    assert_eq!(state.sessions().len(), 3);
}

/// Two windows resume one session at the same moment. One takes over its run, and the other is told who has it.
#[test]
fn omx_074_race_one_transfer() {
    for _ in 0..4 {
        let scratch = Scratch::new();
        let mut first = Window::open(&scratch, Agent::Codex, "%1");
        own_run(&mut first);
        first.process.kill();
        let mut windows = ["%2", "%3"].map(|pane| Window::open(&scratch, Agent::Codex, pane));
        let ended: Vec<Ended> = thread::scope(|scope| {
            let resume = |window| {
                let window: &mut Window<'_> = window;
                window.hook("SessionStart", "s1", &json!({"source": "resume"}))
            };
            let threads: Vec<_> = windows.iter_mut().map(|window| scope.spawn(move || resume(window))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let state = scratch.state();
        state.check();
        let run = run(&scratch);
        assert_eq!((run.fence.0, run.history.len()), (2, 1), "{ended:?}");
        let won = windows.iter().position(|window| window.process.pid() == run.owner.process.pid).unwrap();
        assert!(ended[won].stdout.contains("additionalContext"), "{ended:?}");
        assert!(!ended[1 - won].stdout.contains("additionalContext"), "{ended:?}");
        assert!(ended[1 - won].stdout.contains("systemMessage"), "{ended:?}");
    }
}

/// A transfer that fails half-way leaves the old owner, no lock and nothing half-written. The next attempt succeeds.
#[test]
fn omx_075_rollback() {
    let scratch = Scratch::new();
    let Some(_mount) = Mount::tmpfs(&scratch.state_dir(), 512) else { return };
    let mut first = Window::open(&scratch, Agent::Codex, "%1");
    own_run(&mut first);
    first.process.kill();
    let before = (scratch.state().sessions(), scratch.state().runs());
    let filler = scratch.state_dir().join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    assert_one_line(&second.hook("SessionStart", "s1", &json!({"source": "resume"})), 0);
    drop(file);
    fs::remove_file(&filler).unwrap();
    assert_eq!((scratch.state().sessions(), scratch.state().runs()), before);
    let again = second.hook("SessionStart", "s1", &json!({"source": "resume", "model": "again"}));
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""), "{again:?}");
    scratch.state().check();
    assert_eq!(run(&scratch).owner.process.pid, second.process.pid());
}

/// Changed: reading a broken record is an error that names the file, and not an empty result.
#[test]
fn omx_088_pointer_broken_reads_as_none() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    fs::write(scratch.state_dir().join("sessions/s1.json"), "{ not-json").unwrap();
    let shown = scratch.baton(["session", "show", "s1"]).run();
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(shown.stderr.contains("sessions/s1.json"), "{shown:?}");
    assert_eq!(scratch.baton(["session", "show", "s2"]).run().code, Some(4));
}

/// Only broken lines themselves are lost, in a session's log and in the audit.
#[test]
fn omx_090_registry_bad_lines_skipped() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    assert_no_output(&window.hook("Stop", "s1", &json!({})));
    let state = scratch.state();
    let lines = |output: &str| output.lines().count();
    let before = lines(&scratch.baton(["log"]).run().stdout);
    let spoilt = state.files.keys().filter(|path| path.extension().is_some_and(|ext| ext == "log" || ext == "jsonl"));
    let spoilt: Vec<&PathBuf> = spoilt.collect();
    assert!(spoilt.len() >= 2, "{spoilt:?}");
    for path in spoilt {
        let mut file = File::options().append(true).open(scratch.state_dir().join(path)).unwrap();
        file.write_all(b"broken{\n\n\xff\xfe\n{\"at\":1}\n").unwrap();
    }
    let log = scratch.baton(["log"]).run();
    assert_eq!((log.code, lines(&log.stdout)), (Some(0), before), "{log:?}");
    assert_no_output(&window.hook("Stop", "s1", &json!({"last_assistant_message": "more"})));
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
    assert!(scratch.state().sessions()[0].record.ended.is_some());
}

/// A command that does not get the lock reports that, changes nothing, and does not claim success.
#[test]
fn omx_092_registry_lock_contention() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let before = scratch.state();
    let _holder = holder(&scratch);
    let started = window.baton("s1", &["run", "start", "demo"]);
    assert_eq!((started.code, started.stdout.as_str()), (Some(1), ""), "{started:?}");
    assert!(started.stderr.contains("lock"), "{started:?}");
    // A waiter that timed out notes the holder in the lock file, so that the next one waits for a shorter time.
    let records = |mut state: State| {
        state.files.remove(Path::new("lock"));
        state
    };
    assert_eq!(records(scratch.state()), records(before));
}

/// A live holder never loses the lock, however long it has held it, even while it is stopped.
#[test]
fn omx_094_registry_lock_stale_live() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let holder = holder(&scratch);
    holder.stop();
    let lock = File::options().write(true).open(scratch.state_dir().join("lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    let before = scratch.state();
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
    let after = scratch.state();
    assert_eq!((after.sessions(), after.audit()), (before.sessions(), before.audit()));
    assert_ne!(after, before, "the end waits in the inbox");
    drop(holder);
    assert_no_output(&window.hook("SessionStart", "s2", &json!({"source": "clear"})));
    scratch.state().check();
    assert!(scratch.state().sessions().iter().any(|kept| kept.record.ended.is_some()));
}

/// Half of a pane's name is not a pane.
#[test]
fn amc_008_half_pane_unchanged() {
    let scratch = Scratch::new();
    let mut windows = ["", ""].map(|pane| Window::open(&scratch, Agent::Claude, pane));
    let [first, second] = &mut windows;
    assert_no_output(&first.hook("SessionStart", "s1", &json!({})));
    first.process.kill();
    assert_no_output(&second.hook("SessionStart", "s2", &json!({})));
    for kept in scratch.state().sessions() {
        assert!(!kept.archived, "{:?}", kept.record.id);
        assert!(!matches!(kept.record.launches[0].pane, Pane::Tmux { .. }), "{:?}", kept.record.launches);
    }
}

/// The index may name a record that no longer exists.
#[test]
fn amc_014_missing_file_ok() {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&first.hook("SessionStart", "s1", &json!({})));
    first.process.kill();
    fs::remove_file(scratch.state_dir().join("sessions/s1.json")).unwrap();
    let mut second = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&second.hook("SessionStart", "s2", &json!({})));
    assert_eq!(listed(&scratch), (vec!["s2".to_owned()], String::new()));
}

/// A copy under another name is not a record. The real record is listed once, and the copy is reported and left
/// alone.
#[test]
fn amc_016_same_id_twice() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let sessions = scratch.state_dir().join("sessions");
    fs::copy(sessions.join("s1.json"), sessions.join("copy.json")).unwrap();
    let bytes = fs::read(sessions.join("copy.json")).unwrap();
    let (ids, said) = listed(&scratch);
    assert_eq!(ids, ["s1"]);
    assert!(said.contains("copy.json"), "{said}");
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    assert_eq!(fs::read(sessions.join("copy.json")).unwrap(), bytes);
}

#[test]
fn amc_029_read_does_not_write() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let id = own_run(&mut window);
    window.process.kill();
    let before = scratch.state();
    for args in [
        &["session", "list", "--all"][..],
        &["session", "show", "s1"],
        &["run", "list"],
        &["run", "show", &id],
        &["log"],
        &["explain", &id],
    ] {
        let output = scratch.baton(args.iter().copied()).run();
        assert_eq!(output.code, Some(0), "{args:?}: {output:?}");
        assert_eq!(scratch.state(), before, "{args:?}");
    }
}

/// Changed: nothing is stored. Both values are read from the end of the transcript when a user asks, so they are as
/// recent as that.
#[test]
fn amc_027_turn_tokens_persisted() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let transcript = scratch.home().join("work/s1.jsonl");
    let line = |kind: &str, message: serde_json::Value| {
        format!("{}\n", json!({"parentUuid": null, "isSidechain": false, "type": kind, "message": message}))
    };
    let prompt = || line("user", json!({"role": "user", "content": "words"}));
    let answer = |tokens: u64| {
        let usage = json!({"input_tokens": 100, "cache_read_input_tokens": tokens - 110, "output_tokens": 10});
        line("assistant", json!({"model": "m", "content": [{"type": "text", "text": "x"}], "usage": usage}))
    };
    let before = scratch.state();
    let context = |text: String| {
        fs::write(&transcript, text).unwrap();
        let stats = scratch.baton(["session", "show", "s1", "--json"]).run().json()["transcript_stats"].clone();
        (stats["context"]["turn_start"].as_u64(), stats["context"]["now"].as_u64())
    };
    assert_eq!(context(prompt() + &answer(1200)), (None, Some(1200)));
    assert_eq!(context(prompt() + &answer(1200) + &prompt()), (Some(1200), Some(1200)));
    assert_eq!(context(prompt() + &answer(1200) + &prompt() + &answer(5000)), (Some(1200), Some(5000)));
    assert_eq!(scratch.state(), before);
}

/// Changed: baton starts no program to determine what is alive, so it waits for none: no multiplexer, lsof or pgrep.
#[test]
fn amc_035_terminal_timeout_2s() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let (dir, called) = (scratch.root().join("slow"), scratch.root().join("called"));
    fs::create_dir(&dir).unwrap();
    for name in ["tmux", "zellij", "lsof", "pgrep", "ps"] {
        let program = dir.join(name);
        fs::write(&program, format!("#!/bin/sh\necho {name} >> {}\nexec sleep 1000\n", called.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", dir.display());
    for args in [
        &["status", "--json"][..],
        &["status", "--line"],
        &["session", "list", "--json"],
        &["session", "show", "s1", "--json"],
        &["session", "discover"],
        &["resume", "--lost"],
        &["gc", "--dry-run"],
    ] {
        let output = scratch.baton(args.iter().copied()).env("PATH", &path).run();
        assert_eq!(output.code, Some(0), "{args:?}: {output:?}");
        assert!(!called.exists(), "{args:?}");
    }
}

/// baton asks no multiplexer whether anything is alive, so none has to be installed.
#[test]
fn amc_034_terminal_binary_missing() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let payload = window.payload("SessionStart", "s1", &json!({})).to_string();
    let mut call = window.call("s1", payload);
    call.env.insert("PATH".to_owned(), "/nonexistent".to_owned());
    assert_no_output(&window.process.run(call));
    let sessions = scratch.baton(["session", "list", "--json"]).env("PATH", "/nonexistent").run().json();
    assert_eq!(sessions["sessions"][0]["live"], "yes");
}

/// Changed: a record of an agent that this version does not know cannot be judged, so it is left unchanged.
#[test]
fn amc_046_unknown_agent_alive() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let path = scratch.state_dir().join("sessions/s1.json");
    let record = fs::read_to_string(&path).unwrap().replace("\"claude\"", "\"another\"");
    fs::write(&path, &record).unwrap();
    assert_one_line(&window.hook("SessionEnd", "s1", &json!({})), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), record);
    assert_no_output(&window.hook("SessionStart", "s2", &json!({"source": "resume"})));
    assert_eq!(fs::read_to_string(&path).unwrap(), record);
}

/// One process has two threads, and each is alive as long as its own lock is held.
#[test]
fn amc_047_batch_one_open() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    let locks = scratch.home().join(".codex/thread-writer-locks");
    fs::create_dir_all(&locks).unwrap();
    for session in ["s1", "s2"] {
        window.process.lock(&locks.join(format!("{session}.lock")));
        assert_no_output(&window.hook("SessionStart", session, &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
    }
    let live = || {
        let sessions = scratch.baton(["session", "list", "--json"]).run().json();
        let mut live: Vec<String> = sessions["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| format!("{} {}", session["id"], session["live"]))
            .collect();
        live.sort();
        live
    };
    assert_eq!(live(), [r#""s1" "yes""#, r#""s2" "yes""#]);
    window.process.unlock(&locks.join("s2.lock"));
    assert_eq!(live(), [r#""s1" "yes""#, r#""s2" "no""#]);
}

/// One bad file among the records stops neither a list nor an event, and is left unchanged.
#[test]
fn amc_054_old_binary_crash() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let sessions = scratch.state_dir().join("sessions");
    let bad: [(&str, &[u8]); 6] = [
        ("bin.json", b"\xff\xfe\0"),
        ("list.json", b"[1]"),
        ("empty.json", b""),
        ("number.json", br#"{"id": 1, "created": 2}"#),
        ("a b.json", b"{}"),
        ("..json", b"{}"),
    ];
    for (name, bytes) in bad {
        fs::write(sessions.join(name), bytes).unwrap();
    }
    let (ids, said) = listed(&scratch);
    assert_eq!(ids, ["s1"]);
    assert!(said.contains("bin.json") && said.contains("list.json") && said.contains("number.json"), "{said}");
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    assert_no_output(&window.hook("SessionStart", "s2", &json!({"source": "clear"})));
    for (name, bytes) in bad {
        assert_eq!(fs::read(sessions.join(name)).unwrap(), bytes, "{name}");
    }
}
