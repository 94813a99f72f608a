//! Files of the state that cannot be used: doctor names each, and the command that it names gets past it.

use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// What baton makes anew, or reads up to the damage, if its content is damaged.
const DERIVED: [&str; 6] = ["audit", "index", "projects", "sessions/s1.log", "conversations", "lock"];

/// Opens a session that has a loop and kept messages.
fn open(scratch: &Scratch) -> Window<'_> {
    let config = scratch.home().join(".config/baton");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "messages = \"all\"\n").unwrap();
    let mut window = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let started = window.baton("s1", &["run", "start", "demo", "--loop", "--prompt", "Go"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let idle = json!({"message": "words", "notification_type": "idle_prompt"});
    assert_no_output(&window.hook("Notification", "s1", &idle));
    window
}

fn problems(scratch: &Scratch, option: &str) -> Vec<String> {
    let output = scratch.baton(["doctor", option].into_iter().filter(|word| !word.is_empty())).run().stdout;
    let problems = output.lines().filter(|line| line.starts_with("PROBLEM") && !line.contains("no agent was found"));
    problems.map(str::to_owned).collect()
}

/// Damages one file, and checks that doctor's way out works.
fn check(path: &Path, damage: impl Fn(&Path), is_named: bool) {
    let scratch = Scratch::new();
    let window = open(&scratch);
    // The names contain ids, which differ from state to state.
    let kind = |path: &Path| {
        path.to_str().unwrap().split(['-', '.']).next().unwrap().replace(|c: char| c.is_ascii_hexdigit(), "")
    };
    let is_kind = |other: &PathBuf| {
        other.parent() == path.parent() && other.extension() == path.extension() && kind(other) == kind(path)
    };
    let same = scratch.state().files.into_keys().find(|other| other == path || is_kind(other));
    let path = scratch.state_dir().join(same.as_deref().unwrap_or(path));
    damage(&path);
    let named = problems(&scratch, "");
    let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
    assert_eq!(named.iter().any(|line| line.contains(name)), is_named, "{path:?}: {named:#?}");
    drop(window);
    if is_named {
        let is_loop = path.parent().unwrap().ends_with("loops");
        assert!(named.iter().any(|line| line.contains("`baton doctor --quarantine`") || is_loop), "{named:#?}");
        problems(&scratch, "--quarantine");
        if is_loop {
            let command = named.last().unwrap().split('`').nth(1).unwrap().to_owned();
            assert_eq!(scratch.baton(command.split(' ').skip(1)).run().code, Some(0), "{command}");
        }
    }
    assert_eq!(problems(&scratch, "--fix"), Vec::<String>::new(), "{path:?}");
    let mut next = Window::open(&scratch, Agent::Claude, "%2");
    let resumed = next.hook("SessionStart", "s1", &json!({"source": "resume"}));
    // What stands among kept messages and is none goes to the quarantine by itself.
    let is_quiet = resumed.stderr.is_empty() || resumed.stderr.contains("it was moved to");
    assert!(resumed.code == Some(0) && is_quiet, "{path:?}: {resumed:?}");
}

#[test]
fn each_file_that_cannot_be_used_is_named_with_a_way_out_that_works() {
    let scratch = Scratch::new();
    drop(open(&scratch));
    let mut kinds: Vec<PathBuf> =
        scratch.state().files.into_keys().filter(|path| !path.starts_with("index/pane")).collect();
    kinds.retain(|path| !path.to_str().unwrap().starts_with("index/p"));
    for path in &kinds {
        let is_derived = DERIVED.iter().any(|derived| path.starts_with(derived));
        check(path, |path| fs::write(path, b"\xff{").unwrap(), !is_derived);
        let directory = |path: &Path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        };
        check(path, directory, true);
    }
    let others =
        ["trash/sessions/x.json", "archive/runs/r1.json", "supervisors/x", "cache/x", "conversations/s9/x", "index/x"];
    for other in others {
        check(Path::new(other), |path| fs::create_dir_all(path).unwrap(), true);
    }
    check(Path::new("wal.json"), |path| fs::write(path, "{").unwrap(), true);
}

#[test]
fn lines_of_the_audit_that_cannot_be_used_are_counted() {
    for (damage, lines) in [(b"{\"n\": half\n".as_slice(), "1 line"), (b"\xff\x00random\n\x17\n", "2 lines")] {
        let scratch = Scratch::new();
        let window = open(&scratch);
        assert_eq!(scratch.baton(["log"]).run().stderr, "");
        let path = scratch.state_dir().join("audit/audit.jsonl");
        let text = fs::read(&path).unwrap();
        fs::write(&path, [&text[..], damage].concat()).unwrap();
        for words in [&["log"][..], &["log", "--json"], &["explain"], &["explain", "1"]] {
            let output = scratch.baton(words.iter().copied()).run();
            assert!(output.code == Some(0) && output.stderr.contains(lines), "{words:?}: {output:?}");
        }
        let doctor = scratch.baton(["doctor"]).run().stdout;
        assert!(doctor.contains(&format!("audit.jsonl has {lines} that cannot be used")), "{doctor}");
        assert!(!doctor.contains("every file of the state can be used"), "{doctor}");
        drop(window);
    }
}

#[test]
fn an_audit_that_baton_cannot_have_written_is_not_searched() {
    let scratch = Scratch::new();
    let mut window = open(&scratch);
    let path = scratch.state_dir().join("audit/audit.jsonl");
    // A hole of 64 GiB: to search it for a line would take minutes.
    fs::File::options().write(true).open(&path).unwrap().set_len(64 << 30).unwrap();
    let refused = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
    let names = |text: &str| text.contains("audit.jsonl: it is larger than") && text.contains("doctor --quarantine");
    assert!(refused.code == Some(0) && names(&refused.stderr), "{refused:?}");
    let moved = scratch.baton(["doctor", "--quarantine"]).run();
    assert!(moved.stdout.contains("quarantine") || moved.stderr.contains("quarantine"), "{moved:?}");
    assert!(!path.exists(), "{moved:?}");
    let taken = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert!(taken.code == Some(0) && !taken.stderr.contains("audit.jsonl"), "{taken:?}");
}
