//! Loops of other programs in `status`, `run show` and `run log`, with real processes and locks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use agent_baton_tests::Scratch;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::scratch::Output;
use serde_json::{Value, json};

const DASHES: &str = "------------------------------------------------------------";

/// Returns a log with these lines in its header.
fn log(header: &str, rest: &str) -> String {
    format!("# Ralphex Progress Log\nPlan: plans/fix.md\n{header}Started: 2026-04-05 08:00:00\n{DASHES}\n\n{rest}")
}

fn put(scratch: &Scratch, path: &str, text: &str) -> PathBuf {
    let path = scratch.home().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn locked(scratch: &Scratch, log: &Path) -> Process {
    let mut holder = Process::spawn(scratch, &Launch { comm: "ralphex", args: &[], tty: false }, None);
    holder.lock(log);
    holder
}

fn baton(scratch: &Scratch, words: &str) -> Output {
    scratch.baton(words.split_whitespace()).run()
}

/// Returns the plans and states of the loops that `status` shows.
fn loops_of_status(scratch: &Scratch) -> Vec<(String, String)> {
    let status = baton(scratch, "status --json").json();
    let word = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    status["loops"].as_array().unwrap().iter().map(|it| (word(it, "plan"), word(it, "state"))).collect()
}

fn found(plan: &str, state: &str) -> Vec<(String, String)> {
    vec![(plan.to_owned(), state.to_owned())]
}

#[test]
fn status_shows_a_loop_of_this_project_from_its_start_to_its_end() {
    let scratch = Scratch::new();
    let path = put(&scratch, "work/.ralphex/progress/progress-fix.txt", &log("", ""));
    let mut ralphex = locked(&scratch, &path);
    assert_eq!(loops_of_status(&scratch), found("plans/fix.md", "active"));
    assert_eq!(baton(&scratch, "status --line").stdout, "1 other loop\n");
    let text = baton(&scratch, "").stdout;
    assert!(text.contains("loops of other programs\n  active") && text.contains("plans/fix.md"), "{text}");
    ralphex.kill();
    assert_eq!(loops_of_status(&scratch), found("plans/fix.md", "interrupted"));
    assert_eq!(baton(&scratch, "status --line").stdout, "1 interrupted\n");
    // A loop that was killed long ago is no longer of interest. One that has ended is for a day, as in the live view.
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(8 * 86_400)).unwrap();
    assert_eq!(loops_of_status(&scratch), []);
    fs::write(&path, log("", &format!("{DASHES}\nCompleted: 2026-04-05 08:00:01 (1s)\n"))).unwrap();
    assert_eq!(loops_of_status(&scratch), found("plans/fix.md", "completed"));
    assert_eq!(baton(&scratch, "status --line").stdout, "\n");
}

/// What a status saw of so many directories is kept for the next one, which looks at each of them.
#[test]
fn a_log_that_comes_or_goes_is_noticed_by_the_next_status() {
    let scratch = Scratch::new();
    for n in 0..50 {
        put(&scratch, &format!("work/d{n}/file"), "");
    }
    assert_eq!(loops_of_status(&scratch), []);
    let path = put(&scratch, "work/d7/new/progress-fix.txt", &log("", ""));
    assert_eq!(loops_of_status(&scratch), found("plans/fix.md", "interrupted"));
    fs::remove_file(&path).unwrap();
    assert_eq!(loops_of_status(&scratch), []);
}

#[test]
fn status_shows_a_loop_elsewhere_once_a_search_found_its_directory() {
    let scratch = Scratch::new();
    let path = put(&scratch, "other/logs/progress-fix.txt", &log("", ""));
    let _holder = locked(&scratch, &path);
    assert_eq!(loops_of_status(&scratch), []);
    baton(&scratch, "session discover ../other");
    assert_eq!(loops_of_status(&scratch), found("plans/fix.md", "active"));
    let second = put(&scratch, "other/logs/progress-second.txt", &log("", "").replace("fix.md", "second.md"));
    let _second = locked(&scratch, &second);
    assert_eq!(loops_of_status(&scratch).len(), 2, "the next log of that directory needs no search");
}

/// The header of the newer versions: the plan's copy in a worktree, and the models.
#[test]
fn a_loop_that_was_found_is_shown_by_its_id_or_a_part_of_it() {
    let scratch = Scratch::new();
    let header = "Worktree plan: /w/plans/fix.md\nBranch: fix\nMode: full\nExecutor: codex\nPlan model: m1:high\nTask model: m2\n\
                  Review model: m3:low\n";
    put(&scratch, "work/.ralphex/progress/progress-fix.txt", &log(header, "[26-04-05 08:00:00] at work\nunfinished"));
    put(
        &scratch,
        "other/progress-fix.txt",
        &log("", &format!("{DASHES}\nFailed: 2026-04-05 08:00:01 (1s) - no token\n")),
    );
    let loops = baton(&scratch, "session discover --json . ../other").json()["loops"].clone();
    let (failed, killed) = (loops[0]["id"].as_str().unwrap(), loops[1]["id"].as_str().unwrap());
    let view = baton(&scratch, &format!("run show {killed} --json")).json();
    for (field, value) in [
        ("worktree_plan", "/w/plans/fix.md"),
        ("plan_model", "m1:high"),
        ("task_model", "m2"),
        ("review_model", "m3:low"),
        ("state", "interrupted"),
    ] {
        assert_eq!(view[field], json!(value), "{view}");
        assert_eq!(loops[1][field], json!(value), "{loops}");
    }
    let digest = killed.strip_prefix("fix-").unwrap();
    let text = baton(&scratch, &format!("run show {digest}")).stdout;
    for row in ["worktree plan  /w/plans/fix.md\n", "task model     m2\n", "status         interrupted\n"] {
        assert!(text.contains(row), "{text}");
    }
    let why = baton(&scratch, &format!("run show {failed}")).stdout;
    assert!(why.contains("status         failed\nreason         no token\n"), "{why}");
    let log = baton(&scratch, &format!("run log {killed}"));
    assert!(log.stdout.starts_with("# Ralphex Progress Log\n") && log.stdout.ends_with("at work\n"), "{log:?}");
    assert_eq!(baton(&scratch, &format!("run log --follow {failed}")).code, Some(0), "it has ended");
    let both = baton(&scratch, "run show fix-");
    assert_eq!((both.code, both.stderr.matches("updated").count()), (Some(4), 2), "{both:?}");
    assert_eq!(baton(&scratch, "run show nothing-of-this").code, Some(4));
    // They are no runs of baton's: nothing changes them.
    for words in ["run cancel", "run continue", "run pause", "run adopt --session s1", "go"] {
        for (id, state) in [(killed, "it is interrupted"), (failed, "it is failed")] {
            let refused = baton(&scratch, &format!("{words} {id}"));
            assert_eq!(refused.code, Some(4), "{words}: {refused:?}");
            for part in ["is a loop of another program", state, &format!("`baton run show {id}` shows it")] {
                assert!(refused.stderr.contains(part), "{words}: {refused:?}");
            }
        }
    }
    let lock = locked(&scratch, &scratch.home().join("work/.ralphex/progress/progress-fix.txt"));
    let refused = baton(&scratch, &format!("run cancel {killed}"));
    assert!(refused.stderr.contains(&format!("which is pid {}", lock.pid())), "{refused:?}");
}

#[test]
fn a_log_whose_path_is_not_utf_8_is_listed() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new();
    let dir = scratch.home().join("work").join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("progress-fix.txt"), log("", "")).unwrap();
    for _ in 0..2 {
        let found = baton(&scratch, "session discover --json");
        assert_eq!((found.code, found.json()["loops"].as_array().unwrap().len()), (Some(0), 1), "{found:?}");
    }
}
