//! Root with a user's HOME, as `sudo -E` leaves it: baton creates nothing there that the user cannot use.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use agent_baton_tests::{Scratch, program};
use serde_json::json;

const USER: u32 = 12345;

/// A home that belongs to the user, with these directories in it. `None` if this test does not run as root.
fn users_home(dirs: &[&str]) -> Option<Scratch> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let scratch = Scratch::new();
    for dir in dirs {
        fs::create_dir_all(scratch.home().join(dir)).unwrap();
    }
    for path in below(&scratch.home()) {
        chown(path, Some(USER), Some(USER)).unwrap();
    }
    for dir in [scratch.root(), &scratch.home()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    }
    Some(scratch)
}

/// A directory and all that is in it.
fn below(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    if dir.is_dir() {
        for entry in fs::read_dir(dir).unwrap() {
            found.extend(below(&entry.unwrap().path()));
        }
    }
    found
}

fn start(session: &str, cwd: &Path) -> String {
    json!({"session_id": session, "transcript_path": "/nonexistent", "cwd": cwd, "hook_event_name": "SessionStart",
        "source": "startup"})
    .to_string()
}

#[test]
fn root_creates_nothing_in_a_users_home() {
    let dirs: [&[&str]; 4] = [&[], &[".local/state"], &[".claude", ".codex"], &[".local/share/baton", ".claude"]];
    for dirs in dirs {
        let words: [(&[&str], Option<i32>); 8] = [
            (&["install", "--yes", "--agent", "claude"], Some(1)),
            (&["install", "--yes", "--scope", "project"], Some(1)),
            (&["uninstall", "--yes"], None),
            (&["run", "start", "demo"], Some(1)),
            (&["run", "with", "demo", "--", "true"], Some(1)),
            (&["session", "discover"], Some(1)),
            (&["disable"], Some(1)),
            (&["doctor", "--fix"], Some(1)),
        ];
        for (words, code) in words {
            let Some(scratch) = users_home(dirs) else { return };
            let output = scratch.baton(words.iter().copied()).env("BATON_HOME", "").run();
            let roots: Vec<PathBuf> =
                below(&scratch.home()).into_iter().filter(|path| path.symlink_metadata().unwrap().uid() == 0).collect();
            assert_eq!(roots, Vec::<PathBuf>::new(), "{words:?} {dirs:?}: {output:?}");
            assert!(code.is_none_or(|code| output.code == Some(code)), "{words:?} {dirs:?}: {output:?}");
            let said = format!("{}{}", output.stdout, output.stderr);
            assert!(code.is_none() || said.contains("uid 12345"), "{words:?} {dirs:?}: {output:?}");
        }
    }
}

#[test]
fn a_root_event_in_a_users_home_is_refused_in_one_line_and_the_user_goes_on() {
    let Some(scratch) = users_home(&["work"]) else { return };
    let work = scratch.home().join("work");
    let program = scratch.root().join("baton");
    program::link(program::baton(), &program).unwrap();
    let shell = scratch.root().join("claude");
    program::link(Path::new("/bin/bash"), &shell).unwrap();
    fs::write(scratch.root().join("payload"), start("s1", &work)).unwrap();
    let script =
        format!("'{}' hook --agent claude < '{}/payload'; exit $?", program.display(), scratch.root().display());
    let output = scratch.program(&shell, ["-c", &script]).env("BATON_HOME", "").run();
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.lines().count()), (Some(0), "", 1), "{output:?}");
    assert!(output.stderr.contains("uid 12345"), "{output:?}");
    let user = ["--reuid", "12345", "--regid", "12345", "--clear-groups", shell.to_str().unwrap(), "-c", &script];
    let output = scratch.program(Path::new("/usr/bin/setpriv"), user).env("BATON_HOME", "").run();
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    assert!(scratch.home().join(".local/state/baton/sessions/s1.json").exists());
}

/// What an earlier version left there as root's: the user is told what to do.
#[test]
fn a_state_that_root_left_says_how_to_get_it_back() {
    for (mode, dir) in [(0o700, ".local"), (0o755, ".local"), (0o700, ".local/state/baton")] {
        let Some(scratch) = users_home(&["work", ".local/state"]) else { return };
        let dir = scratch.home().join(dir);
        fs::create_dir_all(&dir).unwrap();
        fs::remove_dir_all(dir.join("state")).unwrap_or_default();
        chown(&dir, Some(0), Some(0)).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let program = scratch.root().join("baton");
        program::link(program::baton(), &program).unwrap();
        let user = [
            "--reuid",
            "12345",
            "--regid",
            "12345",
            "--clear-groups",
            program.to_str().unwrap(),
            "run",
            "start",
            "demo",
        ];
        let output = scratch.program(Path::new("/usr/bin/setpriv"), user).env("BATON_HOME", "").run();
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert!(output.stderr.contains("sudo chown") && output.stderr.contains(dir.to_str().unwrap()), "{output:?}");
    }
}
