//! A state directory that cannot be used: the agent continues, the user reads one line, and nothing is half-written.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::window::{assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window, skip};
use serde_json::json;

/// Damages a state that contains session s1, then sends an event of a new session, the end of s1 and a prompt of s1.
fn check(what: &str, spoil: impl Fn(&Path)) {
    for (event, session) in [("SessionStart", "s2"), ("SessionEnd", "s1"), ("UserPromptSubmit", "s1")] {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        spoil(&scratch.state_dir());
        let before = scratch.state();
        let ended = window.hook(event, session, &json!({"prompt": "words"}));
        println!("{what}, {event}: {}", ended.stderr.trim_end());
        assert_one_line(&ended, 0);
        assert_eq!(scratch.state(), before, "{what}, {event}");
    }
}

#[test]
fn of_a_newer_format() {
    check("a newer format", |state| {
        let path = state.join("format");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, newer(&text)).unwrap();
    });
}

/// Returns the text of the file with a version far above the present one.
fn newer(format: &str) -> String {
    if let Ok(serde_json::Value::Object(mut object)) = serde_json::from_str(format)
        && let Some(number) = object.get_mut("format")
    {
        *number = json!(999_999);
        return json!(object).to_string();
    }
    let first = format.find(|c: char| c.is_ascii_digit()).expect("a number of the format");
    let rest = format[first..].trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{}999999{rest}", &format[..first])
}

#[test]
fn open_to_others() {
    check("mode 755", |state| std::fs::set_permissions(state, Permissions::from_mode(0o755)).unwrap());
}

#[test]
fn reached_through_a_symlink() {
    check("a symlink", |state| {
        let real = state.with_file_name("elsewhere");
        std::fs::rename(state, &real).unwrap();
        symlink(&real, state).unwrap();
    });
}

#[test]
fn inside_a_worktree() {
    check("a worktree", |state| std::fs::create_dir(state.with_file_name(".git")).unwrap());
}

#[test]
fn no_directory() {
    check("a file in its place", |state| {
        std::fs::remove_dir_all(state).unwrap();
        std::fs::write(state, "not a directory\n").unwrap();
    });
}

#[test]
fn owned_by_another() {
    if !nix::unistd::geteuid().is_root() {
        skip("only root can give a directory away");
        return;
    }
    check("another's", |state| chown(state, Some(65_534), Some(65_534)).unwrap());
}

#[test]
fn without_the_right_to_write() {
    if nix::unistd::geteuid().is_root() {
        skip("root may write everywhere; the read-only file system is tested instead");
        return;
    }
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    std::fs::set_permissions(scratch.root(), Permissions::from_mode(0o500)).unwrap();
    let ended = window.hook("SessionStart", "s1", &json!({}));
    std::fs::set_permissions(scratch.root(), Permissions::from_mode(0o700)).unwrap();
    assert_one_line(&ended, 0);
    assert!(!scratch.state_dir().exists());
}

#[test]
fn a_tool_in_the_sandbox_of_codex_is_told_what_opens_the_state() {
    for (agent, told) in [(Agent::Codex, true), (Agent::Claude, false)] {
        let scratch = Scratch::new();
        let Some(mount) = Mount::tmpfs(&scratch.state_dir(), 4096) else { return };
        let mut window = Window::open_owner(&scratch, agent, "%1");
        mount.read_only(true);
        let ended = window.baton("s1", &["run", "update", "demo", "--iteration", "2"]);
        mount.read_only(false);
        assert_eq!((ended.code, ended.stderr.contains("install --writable")), (Some(1), told), "{ended:?}");
    }
}

#[test]
fn on_a_read_only_file_system() {
    let scratch = Scratch::new();
    let Some(mount) = Mount::tmpfs(&scratch.state_dir(), 1024) else {
        return;
    };
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    // Try both a state that was never created and one that became read-only.
    for sessions in 0..2 {
        mount.read_only(true);
        let before = scratch.state();
        assert_eq!(before.sessions().len(), sessions);
        for (event, session) in [("SessionStart", "s2"), ("SessionEnd", "s1"), ("UserPromptSubmit", "s1")] {
            assert_one_line(&window.hook(event, session, &json!({"prompt": event})), 0);
            assert_eq!(scratch.state(), before, "{event}");
        }
        mount.read_only(false);
        assert_no_output(&window.hook("SessionStart", "s1", &json!({"model": sessions.to_string()})));
        scratch.state().check();
    }
}

#[test]
fn on_a_full_file_system() {
    let scratch = Scratch::new();
    let Some(_mount) = Mount::tmpfs(&scratch.state_dir(), 512) else {
        return;
    };
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let filler = scratch.state_dir().join("filler");
    // Fill the disk at once, and then with just enough free pages of 4 KiB that a commit fails at each of its writes
    // in turn.
    for pages in 0..8 {
        let before = scratch.state();
        fill(&filler, pages);
        let session = format!("new-{pages}");
        let ended = window.hook("SessionStart", &session, &json!({}));
        std::fs::remove_file(&filler).unwrap();
        let after = scratch.state();
        let registered = |state: &agent_baton_tests::state::State| {
            state.sessions().iter().any(|kept| kept.record.id.as_str() == session)
        };
        if registered(&after) {
            assert_no_output(&ended);
        } else {
            assert_one_line(&ended, 0);
            let records = |state: &agent_baton_tests::state::State| (state.sessions(), state.runs(), state.audit());
            assert_eq!(records(&after), records(&before), "{pages} pages left");
            // Once there is space again, the same event is handled.
            assert_no_output(&window.hook("SessionStart", &session, &json!({"model": "again"})));
            assert!(registered(&scratch.state()), "{pages} pages left");
        }
        scratch.state().check();
    }
}

/// Fills the file system up to this many pages.
fn fill(filler: &Path, pages: u64) {
    let mut file = std::fs::File::create(filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let size = file.metadata().unwrap().len() / 4096 * 4096;
    file.set_len(size.saturating_sub(pages * 4096)).unwrap();
}

#[test]
fn a_record_that_cannot_be_read_is_left_byte_for_byte() {
    for garbage in ["", "{", "\0\0\0\0", "[]", "{\"id\":\"s1\"}", "\u{feff}{}"] {
        for event in ["SessionStart", "UserPromptSubmit", "SessionEnd", "Stop"] {
            let scratch = Scratch::new();
            let mut window = Window::open(&scratch, Agent::Claude, "%1");
            assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
            let record = scratch.state_dir().join("sessions/s1.json");
            std::fs::write(&record, garbage).unwrap();
            let ended = window.hook(event, "s1", &json!({"prompt": "words"}));
            assert_one_line(&ended, 0);
            assert!(ended.stderr.contains("sessions/s1.json") && ended.stderr.contains("doctor"), "{ended:?}");
            assert_eq!(std::fs::read(&record).unwrap(), garbage.as_bytes(), "{event}");
            // The session is not created anew elsewhere, and the next one is not held up.
            assert!(!scratch.state_dir().join("archive/sessions/s1.json").exists());
            assert_no_output(&window.hook("SessionStart", "s2", &json!({})));
            assert!(scratch.state_dir().join("sessions/s2.json").exists());
        }
    }
}

/// The session's own record is whole, and that of its run is not.
#[test]
fn a_run_that_cannot_be_read_is_named() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    assert_eq!(window.baton("s1", &["run", "start", "demo"]).code, Some(0));
    let run = scratch.state().runs()[0].record.id.clone();
    std::fs::write(scratch.state_dir().join(format!("runs/{run}.json")), "{").unwrap();
    let ended = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_one_line(&ended, 0);
    assert!(ended.stderr.contains(&format!("runs/{run}.json")), "{ended:?}");
}
