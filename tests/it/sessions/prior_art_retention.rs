//! Lessons from ralphex and octo about finding loops by their logs, and about keeping and deleting sessions: the
//! cases of `docs/PEERS.md`, each under its id.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use agent_baton_core::agent::Agent;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::scratch::Output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

const DASHES: &str = "------------------------------------------------------------";
const A: &str = "11111111-1111-4111-8111-111111111111";

fn log(started: &str, more: &str) -> String {
    format!(
        "# Ralphex Progress Log\nPlan: plans/p.md\nBranch: work\nMode: full\nStarted: {started}\n{DASHES}\n\n{more}"
    )
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Sets another modification time than before, independent of the clock's resolution.
fn touch(path: &Path, seconds: u64) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds);
    fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
}

fn call(scratch: &Scratch, dirs: &[&str]) -> Output {
    let args = ["session", "discover", "--json"].into_iter().chain(dirs.iter().copied());
    scratch.baton(args).run()
}

fn loops(scratch: &Scratch, dirs: &[&str]) -> Vec<Value> {
    call(scratch, dirs).json()["loops"].as_array().unwrap().clone()
}

fn only(scratch: &Scratch) -> Value {
    let found = loops(scratch, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// Returns the names of the logs that were found, in order.
fn names(found: &[Value]) -> Vec<String> {
    let name = |found: &Value| PathBuf::from(found["path"].as_str().unwrap()).file_name().unwrap().to_owned();
    let mut names: Vec<String> = found.iter().map(|found| name(found).into_string().unwrap()).collect();
    names.sort();
    names
}

fn work(scratch: &Scratch) -> PathBuf {
    scratch.home().join("work")
}

fn holder(scratch: &Scratch) -> Process {
    Process::spawn(scratch, &Launch { comm: "ralphex", args: &[], tty: false }, None)
}

#[test]
fn ralphex_001_id_form() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("progress-my-plan.txt"), &log("2026-04-05 08:00:00", ""));
    let id = only(&scratch)["id"].clone();
    let digest = id.as_str().unwrap().strip_prefix("my-plan-").unwrap();
    assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    fs::create_dir(work(&scratch).join("x")).unwrap();
    assert_eq!(loops(&scratch, &[&format!("{}/x/..", work(&scratch).display())])[0]["id"], id);
}

#[test]
fn ralphex_003_symlinked_dir_doubles() {
    let scratch = Scratch::new();
    let at = work(&scratch);
    put(&at.join("a/progress-x.txt"), &log("2026-04-05 08:00:00", ""));
    symlink(at.join("a"), at.join("b")).unwrap();
    symlink(at.join("a/progress-x.txt"), at.join("progress-link.txt")).unwrap();
    let dirs = ["a", "b", "."].map(|dir| at.join(dir).to_str().unwrap().to_owned());
    assert_eq!(loops(&scratch, &dirs.each_ref().map(String::as_str)).len(), 1);
}

#[test]
fn ralphex_004_discover_finds() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("progress-one.txt"), &log("2026-04-05 08:00:00", "").replace("plans/p.md", "p1.md"));
    put(&work(&scratch).join("progress-two.txt"), &log("2026-04-05 08:00:00", "").replace("full", "review"));
    let found = loops(&scratch, &[]);
    assert_eq!(names(&found), ["progress-one.txt", "progress-two.txt"]);
    assert_eq!(
        (&found[0]["plan"], &found[0]["branch"], &found[1]["mode"]),
        (&json!("p1.md"), &json!("work"), &json!("review"))
    );
}

#[test]
fn ralphex_006_discover_missing_dir() {
    let output = call(&Scratch::new(), &["nowhere"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("nowhere"), "{output:?}");
}

#[test]
fn ralphex_010_discover_recursive() {
    let scratch = Scratch::new();
    for path in ["progress-old.txt", ".ralphex/progress/progress-new.txt", "a/b/c/progress-far.txt"] {
        put(&work(&scratch).join(path), &log("2026-04-05 08:00:00", ""));
    }
    assert_eq!(names(&loops(&scratch, &[])), ["progress-far.txt", "progress-new.txt", "progress-old.txt"]);
}

#[test]
fn ralphex_011_discover_skip_dirs() {
    let scratch = Scratch::new();
    let skipped = [
        ".git",
        ".idea",
        ".vscode",
        ".cache",
        ".npm",
        ".yarn",
        "node_modules",
        "vendor",
        "__pycache__",
        "target",
        "build",
        "dist",
    ];
    for dir in skipped {
        put(&work(&scratch).join(dir).join("progress-x.txt"), &log("2026-04-05 08:00:00", ""));
    }
    put(&work(&scratch).join(".hidden/progress-seen.txt"), &log("2026-04-05 08:00:00", ""));
    let at = work(&scratch);
    assert_eq!(names(&loops(&scratch, &[at.to_str().unwrap()])), ["progress-seen.txt"]);
}

#[test]
fn ralphex_012_discover_skip_root_exempt() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("build/progress-x.txt"), &log("2026-04-05 08:00:00", ""));
    assert_eq!(names(&loops(&scratch, &["build"])), ["progress-x.txt"]);
}

#[test]
fn ralphex_013_progress_file_names() {
    let scratch = Scratch::new();
    for name in
        ["progress-a.txt", "progress-.txt", "progress.txt", "progress-a.log", "my-progress-a.txt", "progress-a.txt.bak"]
    {
        put(&work(&scratch).join(name), &log("2026-04-05 08:00:00", ""));
    }
    assert_eq!(names(&loops(&scratch, &[])), ["progress-.txt", "progress-a.txt"]);
}

#[test]
fn ralphex_015_remove() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", ""));
    only(&scratch);
    fs::remove_file(&path).unwrap();
    assert!(loops(&scratch, &[]).is_empty());
    assert!(loops(&scratch, &[]).is_empty());
}

#[test]
fn ralphex_019_inactive_unlocked() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", ""));
    assert_eq!(only(&scratch)["state"], "interrupted", "without an end it did not complete");
    put(&path, &log("2026-04-05 08:00:00", &format!("{DASHES}\nCompleted: 2026-04-05 09:00:00 (1h0m0s)\n")));
    assert_eq!(only(&scratch)["state"], "completed");
    let failed = format!("{DASHES}\nFailed: 2026-04-05 09:30:00 (1h30m0s) - auth\n");
    put(&path, &log("2026-04-05 08:00:00", &failed));
    let found = only(&scratch);
    assert_eq!((&found["state"], &found["why"]), (&json!("failed"), &json!("auth")));
}

#[test]
fn ralphex_020_active_locked_elsewhere() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", &format!("{DASHES}\nCompleted: 2026-04-05 09:00:00 (1h0m0s)\n")));
    let mut holder = holder(&scratch);
    holder.lock(&path);
    let found = only(&scratch);
    assert_eq!((&found["state"], &found["pid"]), (&json!("active"), &json!(holder.pid())));
    holder.kill();
    assert_eq!(only(&scratch)["state"], "completed");
}

/// A search takes no lock: meanwhile, another process can always take it without waiting.
#[test]
fn ralphex_024_probe_takes_lock() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", ""));
    let trace = scratch.root().join("trace");
    let program = agent_baton_tests::program::baton();
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-e", "trace=flock,fcntl", "-o"]).arg(&trace).arg(program);
    command.args(["session", "discover", "--json"]).current_dir(work(&scratch)).env_clear().envs(scratch.env());
    let Ok(output) = command.output() else { return };
    if !output.status.success() {
        return;
    }
    let calls = fs::read_to_string(&trace).unwrap();
    assert!(!calls.contains("LOCK_") && !calls.contains("SETLK"), "{calls}");
}

#[test]
fn ralphex_026_completed_loaded_once() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", "one\n"));
    let read = || call(&scratch, &[]).json()["logs_read"].clone();
    assert_eq!((read(), read()), (json!(1), json!(0)));
    put(&path, &log("2026-04-05 08:00:00", "one\ntwo\n"));
    assert_eq!((read(), read()), (json!(1), json!(0)));
}

#[test]
fn ralphex_027_completed_to_active_resumes() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", ""));
    assert_eq!(only(&scratch)["state"], "interrupted");
    let mut holder = holder(&scratch);
    holder.lock(&path);
    let found = call(&scratch, &[]).json();
    // The lock is checked each time, even if the log is not read again.
    assert_eq!((&found["loops"][0]["state"], &found["logs_read"]), (&json!("active"), &json!(0)));
}

/// A new run within the same second is detected because the log became shorter.
#[test]
fn ralphex_030_restart_same_second_missed() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", "first\nsecond\n"));
    assert_eq!(only(&scratch)["run"], 1);
    put(&path, &log("2026-04-05 08:00:00", ""));
    assert_eq!(only(&scratch)["run"], 2);
}

#[test]
fn ralphex_031_same_run_no_reset() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", "first\n"));
    let before = only(&scratch);
    touch(&path, 1);
    assert_eq!(only(&scratch), before);
    put(&path, &log("2026-04-05 08:00:00", "first\nsecond\n"));
    assert_eq!(only(&scratch), before);
}

#[test]
fn ralphex_032_partial_header_keeps_metadata() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, &log("2026-04-05 08:00:00", "first\n"));
    only(&scratch);
    put(&path, "# Ralphex Progress Log\nPlan: plans/other.md\nBranch: work\n");
    let half = only(&scratch);
    assert_eq!(
        (&half["state"], &half["plan"], &half["run"]),
        (&json!("header_incomplete"), &json!("plans/p.md"), &json!(1))
    );
    put(&path, &log("2026-04-05 09:00:00", &"line\n".repeat(200)));
    let new = only(&scratch);
    assert_eq!((new["run"].as_u64(), new["started"].as_str()), (Some(2), Some("2026-04-05T09:00:00")));
}

#[test]
fn ralphex_033_partial_header_not_loaded() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    put(&path, "# Ralphex Progress Log\nPlan: plans/p.md\nBranch: work\nMode: full\n");
    assert_eq!(only(&scratch)["state"], "header_incomplete");
    put(&path, &log("2026-04-05 08:00:00", ""));
    let found = only(&scratch);
    assert_eq!((&found["state"], &found["run"]), (&json!("interrupted"), &json!(1)));
}

#[test]
fn ralphex_049_header_models() {
    let scratch = Scratch::new();
    let models =
        log("2026-04-05 08:00:00", "").replace("Mode: full", "Mode: full\nExecutor: codex\nPlan model: m1:high");
    put(&work(&scratch).join("progress-a.txt"), &models);
    let found = only(&scratch);
    assert_eq!((&found["plan"], &found["executor"]), (&json!("plans/p.md"), &json!("codex")));
}

#[test]
fn ralphex_050_header_missing_fields() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("progress-a.txt"), "# Ralphex Progress Log\nBranch: b\n---\n");
    let found = only(&scratch);
    assert_eq!((&found["state"], &found["branch"]), (&json!("interrupted"), &json!("b")));
    assert_eq!((&found["plan"], &found["started"]), (&Value::Null, &Value::Null));
}

#[test]
fn ralphex_051_header_incomplete() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("progress-a.txt"), "# Ralphex Progress Log\nPlan: plans/p.md\nBranch: work\nMode: full\n");
    let found = only(&scratch);
    let said = (&found["state"], &found["plan"], &found["started"]);
    assert_eq!(said, (&json!("header_incomplete"), &json!("plans/p.md"), &json!(null)));
}

#[test]
fn ralphex_055_load_empty() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("progress-a.txt"), "");
    assert_eq!(only(&scratch)["state"], "header_incomplete");
}

#[test]
fn ralphex_072_watch_dirs_dedupe() {
    let scratch = Scratch::new();
    let at = work(&scratch);
    put(&at.join("a/progress-x.txt"), &log("2026-04-05 08:00:00", ""));
    symlink(at.join("a"), at.join("b")).unwrap();
    assert_eq!(loops(&scratch, &["a", "a", "b"]).len(), 1);
}

#[test]
fn ralphex_073_watch_dirs_all_bad() {
    let scratch = Scratch::new();
    put(&work(&scratch).join("progress-x.txt"), &log("2026-04-05 08:00:00", ""));
    let output = call(&scratch, &["nope"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
}

/// Creates a session with a transcript and a log that announced its end.
fn over<'a>(scratch: &'a Scratch, session: &str) -> Window<'a> {
    let mut window = Window::open(scratch, Agent::Claude, "%1");
    window.hook("SessionStart", session, &json!({}));
    window.hook("UserPromptSubmit", session, &json!({"prompt": "words"}));
    window.hook("Stop", session, &json!({}));
    window.hook("SessionEnd", session, &json!({}));
    window
}

fn delete(scratch: &Scratch, id: &str) -> Output {
    scratch.baton(["session", "delete", id]).run()
}

fn files_of(scratch: &Scratch, id: &str) -> Vec<String> {
    let files = scratch.state().files;
    let paths = files.keys().map(|path| path.display().to_string());
    paths.filter(|path| path.contains(id)).collect()
}

#[test]
fn octo_016_delete_removes_chunks() {
    let scratch = Scratch::new();
    over(&scratch, A);
    over(&scratch, "other");
    assert_eq!(delete(&scratch, A).code, Some(0));
    assert_eq!(files_of(&scratch, A), [format!("trash/sessions/{A}.json"), format!("trash/sessions/{A}.log")]);
    assert_eq!(files_of(&scratch, "other").len(), 2);
}

#[test]
fn octo_017_delete_missing() {
    assert_eq!(delete(&Scratch::new(), "zz").code, Some(4));
}

/// The file that was read is the one that is deleted: a record under another name is not a record of that session.
#[test]
fn octo_019_delete_renamed_file() {
    let scratch = Scratch::new();
    over(&scratch, A);
    let at = |name: &str| scratch.state_dir().join(format!("sessions/{name}.json"));
    fs::rename(at(A), at("renamed")).unwrap();
    assert_eq!(delete(&scratch, A).code, Some(4));
    assert_eq!(delete(&scratch, "renamed").code, Some(1), "it holds another session's record");
    assert!(at("renamed").exists());
}

#[test]
fn octo_046_log_delete() {
    let scratch = Scratch::new();
    over(&scratch, A);
    assert_eq!((delete(&scratch, A).code, delete(&scratch, A).code), (Some(0), Some(0)));
    assert!(!scratch.state_dir().join(format!("sessions/{A}.log")).exists());
}

#[test]
fn octo_068_up_atomic_save() {
    let scratch = Scratch::new();
    over(&scratch, A);
    assert_eq!(delete(&scratch, A).code, Some(0));
    let files = scratch.state().files;
    assert!(files.keys().all(|path| path.extension().is_none_or(|ending| ending != "tmp")), "{:?}", files.keys());
    let mode = fs::metadata(scratch.state_dir().join(format!("trash/sessions/{A}.json"))).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn octo_070_up_tombstone() {
    let scratch = Scratch::new();
    let mut window = over(&scratch, A);
    assert_eq!(delete(&scratch, A).code, Some(0));
    let before = scratch.state().sessions();
    for event in ["Stop", "UserPromptSubmit", "SessionEnd", "SessionStart"] {
        let ended = window.hook(event, A, &json!({"prompt": "words", "source": "resume"}));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    }
    assert_eq!(scratch.state().sessions(), before);
    assert_eq!(scratch.baton(["session", "show", A]).run().code, Some(4));
    // Only a user's request restores it. Then its events count again.
    assert_eq!(scratch.baton(["session", "restore", A]).run().code, Some(0));
    window.hook("SessionStart", A, &json!({"source": "resume"}));
    let shown = scratch.baton(["session", "show", A, "--json"]).run().json();
    assert_eq!((&shown["live"], &shown["ended_at"]), (&json!("yes"), &Value::Null));
}

#[test]
fn octo_071_up_delete_needs_full_id() {
    let scratch = Scratch::new();
    over(&scratch, A);
    assert_eq!((delete(&scratch, "").code, delete(&scratch, "11111111").code), (Some(4), Some(4)));
    assert_eq!(files_of(&scratch, A).len(), 2);
}

#[test]
fn octo_082_go_delete_traversal() {
    let scratch = Scratch::new();
    over(&scratch, A);
    let victim = scratch.root().join("victim.json");
    fs::write(&victim, "{}").unwrap();
    for id in ["../victim", "../../victim", victim.to_str().unwrap(), ".."] {
        assert_eq!(delete(&scratch, id).code, Some(4), "{id}");
    }
    assert!(victim.exists());
}

#[test]
fn octo_083_go_delete_gone() {
    let scratch = Scratch::new();
    over(&scratch, A);
    delete(&scratch, A);
    let again = delete(&scratch, A);
    assert_eq!(again.code, Some(0), "{again:?}");
}

/// Creates several ended sessions, with a configuration that keeps this many.
fn kept(sessions: usize, count: usize) -> Scratch {
    let scratch = Scratch::new();
    put(&scratch.home().join(".config/baton/config.toml"), &format!("[retention]\nsessions = {sessions}\n"));
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    for i in 0..count {
        for event in ["SessionStart", "UserPromptSubmit", "SessionEnd"] {
            window.hook(event, &format!("s{i}"), &json!({"prompt": "words"}));
        }
    }
    scratch
}

fn gc(scratch: &Scratch) -> Vec<String> {
    let view = scratch.baton(["gc", "--json"]).run().json();
    view["steps"].as_array().unwrap().iter().map(|step| step["session"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn ralphex_044_evict_oldest() {
    let scratch = kept(3, 5);
    assert_eq!(gc(&scratch), ["s1", "s0"]);
}

/// A session that was archived is not found and registered again.
#[test]
fn ralphex_047_evict_churn() {
    let scratch = kept(3, 5);
    assert_eq!(gc(&scratch).len(), 2);
    scratch.baton(["session", "discover"]).run();
    assert_eq!(gc(&scratch), [""; 0]);
}

/// A session that was just used is the newest, however long ago it started.
#[test]
fn octo_062_save_old_session_evicts_itself() {
    let scratch = kept(2, 3);
    let mut window = Window::open(&scratch, Agent::Codex, "%2");
    window.hook("SessionStart", "s0", &json!({"source": "resume"}));
    window.hook("SessionEnd", "s0", &json!({}));
    assert_eq!(gc(&scratch), ["s1"]);
}

#[test]
fn octo_064_cleanup_count_within() {
    let scratch = kept(5, 3);
    let before = scratch.state();
    assert_eq!(gc(&scratch), [""; 0]);
    assert_eq!(scratch.state(), before);
}

/// A record without its times is unreadable, and stops nothing.
#[test]
fn octo_066_cleanup_days_missing_stamp() {
    let scratch = kept(1, 3);
    let path = scratch.state_dir().join("sessions/s2.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record.as_object_mut().unwrap().remove("updated");
    fs::write(&path, record.to_string()).unwrap();
    assert_eq!(gc(&scratch), ["s0"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), record.to_string());
}

#[test]
fn octo_067_cleanup_aborts_on_bad_date() {
    let scratch = kept(1, 4);
    let path = scratch.state_dir().join("sessions/s0.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["ended"]["at"]["unix_ms"] = json!("yesterday");
    fs::write(&path, record.to_string()).unwrap();
    assert_eq!(gc(&scratch), ["s2", "s1"]);
    assert_eq!(gc(&scratch), [""; 0]);
}

#[test]
fn octo_069_up_pinned_never_evicted() {
    let scratch = kept(1, 3);
    assert_eq!(scratch.baton(["session", "pin", "s0"]).run().code, Some(0));
    // The pinned session does not count. Of the other two, the newest stays.
    assert_eq!(gc(&scratch), ["s1"]);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let scratch = kept(1, 3);
    let before = scratch.state();
    let output = scratch.baton(["gc", "--dry-run"]).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains("2 sessions would be moved"), "{output:?}");
    assert_eq!(scratch.state(), before);
}

#[test]
fn what_lives_or_owns_a_run_is_not_deleted() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", A, &json!({}));
    window.hook("UserPromptSubmit", A, &json!({"prompt": "words"}));
    let refused = delete(&scratch, A);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains(&window.process.pid().to_string()), "{refused:?}");
    assert_eq!(window.baton(A, &["run", "start", "demo"]).code, Some(0));
    window.process.kill();
    let refused = delete(&scratch, A);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("run cancel"), "{refused:?}");
}

/// Retention never archives by other limits than the user's.
#[test]
fn an_invalid_configuration_puts_nothing_away() {
    let scratch = kept(1, 3);
    put(&scratch.home().join(".config/baton/config.toml"), "[retention]\nsessions = \"x\"\n");
    let output = scratch.baton(["gc"]).run();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("line 2"), "{output:?}");
}

/// The state stays bounded even if nobody runs `baton gc`.
#[test]
fn the_hooks_keep_what_is_kept_bounded() {
    let scratch = kept(4, 40);
    let live = scratch.state().sessions().iter().filter(|kept| !kept.archived).count();
    assert!((4..=20).contains(&live), "{live}");
}

#[test]
fn ralphex_062_run_output_spoof() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    let spoof = format!("{DASHES}\nCompleted: 2026-04-05 09:00:00 (1h0m0s)\nwords of the agent\n");
    put(&path, &log("2026-04-05 08:00:00", &spoof));
    assert_eq!(only(&scratch)["state"], "interrupted");
}

#[test]
fn ralphex_063_run_footer_scrolled_away() {
    let scratch = Scratch::new();
    let path = work(&scratch).join("progress-a.txt");
    let footer = format!("{DASHES}\nCompleted: 2026-04-05 09:00:00 (1h0m0s)\n{}", "words\n".repeat(100));
    put(&path, &log("2026-04-05 08:00:00", &footer));
    assert_eq!(only(&scratch)["state"], "interrupted");
}
