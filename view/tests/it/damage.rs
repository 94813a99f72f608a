//! Files of the state that are damaged or are no files, while the view follows it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Scratch, Window};
use baton_view::{Feed, Picture, RingLimits, watcher};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::json;

use super::state::source;

/// What is put in the place of a file.
#[derive(Debug, Clone, Copy)]
enum Instead {
    Text(&'static str),
    /// Nobody writes to it, so to open it would wait for ever.
    Fifo,
    Directory,
    /// A hole of 64 GiB.
    Huge,
    /// A device that never ends.
    Endless,
}

impl Instead {
    fn put(self, path: &Path) {
        match self {
            Self::Text(text) => fs::write(path, text).unwrap(),
            Self::Fifo => mkfifo(path, Mode::S_IRWXU).unwrap(),
            Self::Directory => fs::create_dir(path).unwrap(),
            Self::Huge => File::create(path).unwrap().set_len(64 << 30).unwrap(),
            Self::Endless => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        }
    }
}

/// Returns the problem and the items, a line each.
fn lines(picture: &Picture) -> String {
    let problem = picture.problem.iter().map(|problem| format!("problem: {problem}\n"));
    let items = picture.items.iter().map(|item| format!("{} {}\n", item.id, item.status));
    problem.chain(items).collect()
}

fn wait(feed: &Feed, what: &str, is_there: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut picture = feed.picture();
    while !is_there(&lines(&picture)) {
        assert!(Instant::now() < deadline, "{what}: {}", lines(&picture));
        picture = feed.wait(picture.id.number, Duration::from_secs(1));
    }
}

/// Puts something in the place of a file while a feed follows the state. The feed then has a line that begins with
/// `expected`, and the items. Afterwards the file is as it was, and the feed goes on.
fn check(path: &str, instead: Instead, expected: &str) {
    let scratch = Scratch::new();
    let transcript = scratch.root().join("transcript.jsonl");
    let config = scratch.home().join(".config/baton/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&transcript, "{}\n").unwrap();
    fs::write(&config, "").unwrap();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for (event, fields) in [
        ("SessionStart", json!({"transcript_path": transcript})),
        ("UserPromptSubmit", json!({"prompt": "words"})),
        ("Stop", json!({})),
    ] {
        window.hook(event, "s1", &fields);
    }
    let mut other = Window::open(&scratch, Agent::Codex, "%2");
    other.hook("SessionStart", "s2", &json!({}));
    let feed = watcher::start(source(&scratch), RingLimits::default()).unwrap();
    let what = format!("{instead:?} as {path}");
    wait(&feed, &what, |lines| lines == "s1 idle\ns2 starting\n");

    let (path, aside) = (scratch.root().join(path), scratch.root().join("aside"));
    let is_there = path.exists();
    if is_there {
        fs::rename(&path, &aside).unwrap();
    }
    instead.put(&path);
    wait(&feed, &what, |lines| lines.lines().any(|line| line.starts_with(expected)) && lines.contains("s2 starting"));

    if path.is_dir() {
        fs::remove_dir_all(&path).unwrap();
    } else {
        fs::remove_file(&path).unwrap();
    }
    if is_there {
        fs::rename(&aside, &path).unwrap();
    }
    other.hook("UserPromptSubmit", "s2", &json!({"prompt": "words"}));
    wait(&feed, &what, |lines| lines == "s1 idle\ns2 active\n");
}

#[test]
fn whatever_is_in_the_place_of_a_file_is_said_and_the_view_goes_on() {
    use Instead::{Directory, Endless, Fifo, Huge, Text};
    const ALL: &[Instead] = &[Text("{"), Fifo, Directory, Huge, Endless];
    for (path, instead, expected) in [
        ("state/sessions/s1.json", ALL, "s1 unreadable"),
        ("state/runs/r1.json", ALL, "r1 unreadable"),
        ("state/audit/audit.jsonl", &[Fifo, Directory, Huge, Endless], "problem: cannot "),
        ("state/sessions", &[Text("{"), Fifo], "problem: cannot list "),
        ("state", &[Text("{"), Fifo], "problem: the state directory "),
        ("state/lock", &[Fifo, Directory], "s1 idle"),
        ("state/cache", &[Text("{"), Fifo], "s1 idle"),
        ("transcript.jsonl", ALL, "s1 idle"),
        (
            "home/.config/baton/config.toml",
            &[Fifo, Directory, Huge, Endless],
            "problem: cannot read the configuration ",
        ),
    ] {
        thread::scope(|scope| {
            for instead in instead {
                scope.spawn(move || check(path, *instead, expected));
            }
        });
    }
}

#[test]
fn a_state_directory_that_is_replaced_is_followed() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    let feed = watcher::start(source(&scratch), RingLimits::default()).unwrap();
    wait(&feed, "one", |lines| lines == "s1 starting\n");
    fs::rename(scratch.state_dir(), scratch.root().join("aside")).unwrap();
    // The hook creates another one.
    window.hook("SessionStart", "s2", &json!({}));
    wait(&feed, "the other", |lines| lines == "s2 starting\n");
    window.hook("UserPromptSubmit", "s2", &json!({"prompt": "words"}));
    wait(&feed, "what happens there", |lines| lines == "s2 active\n");
    // Others could write into it.
    fs::set_permissions(scratch.state_dir(), Permissions::from_mode(0o777)).unwrap();
    wait(&feed, "its mode", |lines| lines.contains("is open to others (mode 777)") && lines.contains("s2 active"));
    fs::set_permissions(scratch.state_dir(), Permissions::from_mode(0o700)).unwrap();
    wait(&feed, "its mode", |lines| lines == "s2 active\n");
}
