//! The progress log of a run is complete, cannot be forged, is never overwritten, and can be followed line by line
//! while processes are killed.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::clock::shift;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window, program};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

const YEARS: i64 = 10 * 365 * 24 * 60 * 60 * 1000;

fn run_of(window: &mut Window<'_>, args: &[&str]) -> String {
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let args = [&["run", "start", "demo", "--json"], args].concat();
    let started = window.baton("s1", &args);
    assert_eq!(started.code, Some(0), "{started:?}");
    let run: Value = serde_json::from_str(&started.stdout).unwrap();
    run["id"].as_str().unwrap().to_owned()
}

/// Returns a log as `run log` prints it, without its times.
fn log(scratch: &Scratch, id: &str) -> Vec<String> {
    let output = scratch.baton(["run", "log", id]).run();
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    timeless(&output.stdout)
}

fn timeless(text: &str) -> Vec<String> {
    let cut = |line: &str| -> String {
        let line = line.split_once("] ").filter(|_| line.starts_with('[')).map_or(line, |(_, text)| text);
        let (word, _) = line.split_once(" 20").unwrap_or((line, ""));
        let reason = line.split_once(") - ").map(|(_, reason)| format!(" - {reason}"));
        let rest =
            line.split_once(", iteration").filter(|_| word != line).map(|(_, rest)| format!(", iteration{rest}"));
        format!("{word}{}", reason.or(rest).unwrap_or_default())
    };
    text.lines().map(cut).filter(|line| !line.is_empty()).collect()
}

fn archived(scratch: &Scratch) -> Vec<String> {
    let state = scratch.state();
    let logs = state.files.keys().filter(|path| path.starts_with("archive/progress"));
    logs.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

const DASHES: &str = "------------------------------------------------------------";

#[test]
fn a_runs_life_is_in_its_log() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let id = run_of(&mut window, &[]);
    for args in [
        &["run", "update", &id, "--iteration", "1", "--phase", "first"][..],
        &["run", "update", &id, "--iteration", "1", "--phase", "first"],
        &["run", "update", &id, "--phase=--- iteration 9, fence 9 ---"],
        &["run", "update", &id, "--iteration", "3"],
    ] {
        let ended = window.baton("s1", args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let running = scratch.state_dir().join(format!("progress/progress-{id}.txt"));
    assert!(running.exists());
    let why = format!("x {DASHES} Completed: 2026-01-01 00:00:00 (1s)");
    let ended = window.baton("s1", &["run", "finish", &id, "--failed", "--why", &why]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let project = format!("Project: {}", scratch.home().join("work").display());
    let expected = [
        "# baton Progress Log",
        "Plan: demo",
        "Mode: session",
        "Executor: claude",
        &format!("Run: {id}"),
        &project,
        "Started:",
        DASHES,
        "--- started, iteration 0, fence 1 ---",
        "--- iteration 1, fence 1 ---",
        "first",
        "--- iteration 9, fence 9 ---",
        "--- iteration 2, fence 1 ---",
        "--- iteration 3, fence 1 ---",
        DASHES,
        "Failed:",
    ];
    let log = log(&scratch, &id);
    assert_eq!(log[..expected.len() - 1], expected[..expected.len() - 1]);
    assert!(log.last().unwrap().starts_with("Failed:"), "{log:?}");
    assert!(!running.exists());
    assert_eq!(archived(&scratch), [format!("progress-{id}@1.txt")]);
    let text =
        std::fs::read_to_string(scratch.state_dir().join("archive/progress").join(&archived(&scratch)[0])).unwrap();
    // The text of a phase follows a time, so it cannot look like a heading.
    assert!(text.contains("] --- iteration 9, fence 9 ---"), "{text}");
    scratch.state().check();
}

#[test]
fn what_was_cancelled_says_so_and_stays() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    let id = run_of(&mut window, &[]);
    assert_eq!(scratch.baton(["run", "cancel", &id, "--why", "enough"]).run().code, Some(0));
    let before = log(&scratch, &id);
    assert!(before.last().unwrap().ends_with(" - enough"), "{before:?}");
    assert_eq!(scratch.baton(["run", "cancel", &id]).run().code, Some(3));
    assert_no_output(&window.hook("Stop", "s1", &json!({})));
    assert_eq!(log(&scratch, &id), before);
}

/// A call of `run log --follow`, and what it has printed so far.
struct Follow {
    child: Child,
    printed: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Follow {
    fn start(scratch: &Scratch, id: &str) -> Self {
        let mut command = Command::new(program::baton());
        command.args(["run", "log", id, "--follow"]).current_dir(scratch.home().join("work"));
        let mut child = command.env_clear().envs(scratch.env()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdout.take().unwrap();
        let printed = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = std::sync::Arc::clone(&printed);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                sink.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Self { child, printed }
    }

    fn text(&self) -> String {
        String::from_utf8(self.printed.lock().unwrap().clone()).unwrap()
    }

    fn wait_for(&self, words: &str) {
        let begun = Instant::now();
        while !self.text().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "{words} in {}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn following_neither_repeats_nor_drops_a_line_across_restarts() {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    let id = run_of(&mut first, &[]);
    let mut follow = Follow::start(&scratch, &id);
    follow.wait_for("--- started, iteration 0, fence 1 ---");
    assert_eq!(first.baton("s1", &["run", "update", &id, "--iteration", "1"]).code, Some(0));
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    let resumed = second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(second.baton("s1", &["run", "update", &id, "--iteration", "2"]).code, Some(0));
    follow.wait_for("--- iteration 2, fence 2 ---");
    // Nothing happened for years: the run is abandoned and its log archived. Then a user revives the run, and a new
    // log begins.
    second.process.kill();
    shift(&scratch.state_dir().join("runs"), -YEARS, true);
    shift(&scratch.state_dir().join("sessions"), -YEARS, true);
    std::fs::write(scratch.state_dir().join("sessions/s1.log"), "").unwrap();
    let mut third = Window::open(&scratch, Agent::Claude, "%3");
    let left = third.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(left.code, Some(0), "{left:?}");
    assert_eq!(archived(&scratch), [format!("progress-{id}@2.txt")], "{left:?} {:?}", scratch.state().runs());
    // The follower of a run that has ended printed all of it, and exited.
    follow.wait_for("Failed: ");
    assert!(follow.child.wait().unwrap().success());
    let adopted = third.baton("s1", &["run", "adopt", &id]);
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    let mut follow = Follow::start(&scratch, &id);
    follow.wait_for("--- taken up again, iteration 0, fence 3 ---");
    assert_eq!(third.baton("s1", &["run", "update", &id, "--iteration", "3"]).code, Some(0));
    assert_eq!(third.baton("s1", &["run", "finish", &id]).code, Some(0));
    assert!(follow.child.wait().unwrap().success());
    follow.wait_for("Completed: ");
    let whole = scratch.baton(["run", "log", &id]).run().stdout;
    assert_eq!(follow.text(), whole);
    for heading in [
        "--- started, iteration 0, fence 1 ---",
        "--- iteration 1, fence 1 ---",
        "--- iteration 2, fence 2 ---",
        "Failed: ",
    ] {
        assert_eq!(whole.matches(heading).count(), 1, "{heading} in {whole}");
    }
    assert_eq!(archived(&scratch), [format!("progress-{id}@2.txt"), format!("progress-{id}@3.txt")]);
}

#[test]
fn what_a_crash_left_out_or_tore_is_made_good() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let id = run_of(&mut window, &[]);
    let path = scratch.state_dir().join(format!("progress/progress-{id}.txt"));
    let whole = std::fs::read(&path).unwrap();
    let update = |window: &mut Window<'_>, n: &str| {
        let ended = window.baton("s1", &["run", "update", &id, "--iteration", n]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    // The log is torn in the middle of a heading: every cut leads to the same log.
    update(&mut window, "1");
    let one = std::fs::read(&path).unwrap();
    for cut in whole.len()..one.len() {
        std::fs::write(&path, &one[..cut]).unwrap();
        window.baton("s1", &["run", "update", &id, "--iteration", "1", "--phase", &format!("cut at {cut}")]);
        let repaired = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(repaired.matches("--- iteration 1, fence 1 ---").count(), 1, "cut at {cut}: {repaired}");
    }
    // The log is missing: it is started anew, with what the record contains.
    std::fs::remove_file(&path).unwrap();
    update(&mut window, "2");
    assert!(log(&scratch, &id).contains(&"--- iteration 2, fence 1 ---".to_owned()));
    // A foreign file in its place is left alone, and causes no failure.
    std::fs::write(&path, "mine\n").unwrap();
    let ended = window.baton("s1", &["run", "update", &id, "--iteration", "3"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("progress log"), "{ended:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine\n");
    // The call was interrupted between the commit that ended the run and the footer.
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(scratch.baton(["run", "cancel", &id]).run().code, Some(0));
    std::fs::rename(scratch.state_dir().join(format!("archive/progress/progress-{id}@1.txt")), &path).unwrap();
    std::fs::write(&path, &whole).unwrap();
    assert!(log(&scratch, &id).last().unwrap().starts_with("Cancelled:"));
    assert_eq!(archived(&scratch), [format!("progress-{id}@1.txt")]);
}
