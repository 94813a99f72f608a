//! The location of the state directory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::fixtures::{self, place};
use agent_baton_core::process::HostId;
use baton_fs::account::{from_passwd, from_passwd_file};

use crate::{AccountHome, StateDir, StateDirEnv};

/// Checks a tree of directories. `word` is part of the expected error, or empty.
fn check(world: fn(&Path), env: fn(&Path) -> StateDirEnv, event_dir: &str, word: &str) {
    let dir = tempfile::tempdir().unwrap();
    let top = fs::canonicalize(dir.path()).unwrap();
    world(&top);
    let event = top.join(event_dir);
    let found = StateDir::resolve(&env(&top), Some(&event), &fixtures::place());
    let said = found.as_ref().err().map(|e| format!("{e:?}"));
    let said = said.as_deref().unwrap_or_default();
    let kind = said.split([' ', '{']).next().unwrap_or_default();
    assert_eq!(kind, word, "{found:?}");
}

fn mkdir(path: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).unwrap();
}

fn baton_home(path: &str) -> StateDirEnv {
    StateDirEnv {
        baton_home: Some(path.into()),
        account_home: AccountHome::Is("/nowhere".into()),
        ..StateDirEnv::default()
    }
}

#[test]
fn refusals() {
    let at = |top: &Path| baton_home(&format!("{}/a/state", top.display()));
    check(|_| {}, at, "work", "");
    check(|top| mkdir(&top.join("a/state")), at, "work", "");
    check(|_| {}, |_| baton_home("relative"), "work", "NotAbsolute");
    check(|_| {}, |_| baton_home("/x/../y"), "work", "NotAbsolute");
    check(
        |top| {
            mkdir(&top.join("a/state"));
            let open = fs::Permissions::from_mode(0o750);
            fs::set_permissions(top.join("a/state"), open).unwrap();
        },
        at,
        "work",
        "Mode",
    );
    check(
        |top| {
            mkdir(&top.join("a"));
            fs::write(top.join("a/state"), "").unwrap();
        },
        at,
        "work",
        "NotDirectory",
    );
    let linked = |top: &Path| {
        mkdir(&top.join("b/state"));
        symlink(top.join("b"), top.join("a")).unwrap();
    };
    check(linked, at, "work", "Symlink");
    let last = |top: &Path| {
        mkdir(&top.join("b"));
        mkdir(&top.join("a"));
        symlink(top.join("b"), top.join("a/state")).unwrap();
    };
    check(last, at, "work", "Symlink");
    check(|_| {}, at, "a", "InEventDirectory");
    check(|_| {}, at, "a/state/x", "");
    check(|top| mkdir(&top.join("a/.git")), at, "work", "InWorktree");
    let file = |top: &Path| {
        mkdir(&top.join("a"));
        fs::write(top.join("a/.git"), "gitdir: elsewhere").unwrap();
    };
    check(file, at, "work", "InWorktree");
    check(|_| {}, |_| StateDirEnv { account_home: AccountHome::Is("/x".into()), ..StateDirEnv::default() }, "work", "");
}

#[test]
fn anothers_directory_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        return; // Only root can create this case.
    }
    let at = |top: &Path| baton_home(&format!("{}/a", top.display()));
    let theirs = |top: &Path| {
        mkdir(&top.join("a"));
        std::os::unix::fs::chown(top.join("a"), Some(12345), None).unwrap();
    };
    check(theirs, at, "work", "Owner");
    // Nor is one created in another's directory, as with root's `sudo -E`, however many directories are missing.
    let below = |top: &Path| baton_home(&format!("{}/a/state/baton", top.display()));
    check(theirs, below, "work", "ForeignParent");
    let given = |top: &Path| {
        theirs_with(top, "a/state/baton");
    };
    check(given, below, "work", "");
    let between = |top: &Path| theirs_with(top, "a/state");
    check(between, below, "work", "");
}

/// Another's directory `a`, and below it one of ours.
fn theirs_with(top: &Path, ours: &str) {
    mkdir(&top.join(ours));
    std::os::unix::fs::chown(top.join("a"), Some(12345), None).unwrap();
}

#[test]
fn only_the_accounts_own_default_may_be_in_a_worktree() {
    let home_in_git = |top: &Path| mkdir(&top.join("home/.git"));
    let own = |top: &Path| StateDirEnv {
        home: Some(top.join("home").into()),
        account_home: AccountHome::Is(top.join("home")),
        ..StateDirEnv::default()
    };
    check(home_in_git, own, "home", "");
    // HOME as the settings of a cloned repository would set it.
    let set_by_others = |top: &Path| StateDirEnv {
        home: Some(top.join("home").into()),
        account_home: AccountHome::Is(top.join("other")),
        ..StateDirEnv::default()
    };
    check(home_in_git, set_by_others, "work", "OtherHome");
    check(|_| {}, set_by_others, "home", "OtherHome");
    // In a container it may be right: the message names both.
    let dir = tempfile::tempdir().unwrap();
    let refused = StateDir::resolve(&set_by_others(dir.path()), Some(&dir.path().join("home")), &fixtures::place());
    let text = baton_display::error_chain(&refused.unwrap_err());
    for part in ["home, and this", "other. A project", "inside the current directory"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let xdg = |top: &Path| StateDirEnv {
        xdg_state_home: Some(top.join("home/state").into()),
        xdg_config_home: None,
        account_home: AccountHome::Is(top.join("home")),
        ..StateDirEnv::default()
    };
    check(home_in_git, xdg, "work", "InWorktree");
}

#[test]
fn the_environment_in_order() {
    let account = AccountHome::Is("/account".into());
    let cases = [
        (Some("/b"), Some("/x"), Some("/h"), "/b"),
        (None, Some("/x"), Some("/h"), "/x/baton"),
        (None, Some("x"), Some("/h"), "/h/.local/state/baton"),
        (None, None, None, "/account/.local/state/baton"),
    ];
    for (baton, xdg, home, expected) in cases {
        let env = StateDirEnv {
            baton_home: baton.map(Into::into),
            xdg_state_home: xdg.map(Into::into),
            xdg_config_home: None,
            home: home.map(Into::into),
            account_home: account.clone(),
        };
        assert_eq!(env.path().unwrap(), Path::new(expected));
    }
}

#[test]
fn accounts() {
    let text = "root:x:0:0:root:/root:/bin/sh\nbad line\nann:x:1000:1000::/home/ann:/bin/sh\nnb:x:7:7::none:/x\n";
    let cases = [(0, Some("/root")), (1000, Some("/home/ann")), (7, None), (8, None)];
    for (uid, home) in cases {
        assert_eq!(from_passwd(text.as_bytes(), uid), home.map(PathBuf::from), "{uid}");
    }
}

#[test]
fn an_account_is_found_beside_names_in_another_encoding() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("passwd");
    fs::write(&database, b"jos\xe9:x:5:5:Jos\xe9:/home/jos\xe9:/bin/sh\nann:x:6:6::/home/ann:/bin/sh\n").unwrap();
    assert_eq!(from_passwd_file(&database, 6), Some("/home/ann".into()));
    assert_eq!(from_passwd_file(&database, 5), Some(OsStr::from_bytes(b"/home/jos\xe9").into()));
    assert_eq!(from_passwd_file(&database, 7), None);
    // A file that is not regular is not read. getent is asked instead.
    for other in ["/nonexistent/passwd", "/dev/zero"] {
        assert_eq!(from_passwd_file(Path::new(other), 6), None, "{other}");
    }
}

#[test]
fn machines_that_share_a_file_system_share_no_state() {
    let [here, there] = ["here", "there"].map(|machine| HostId { machine: machine.into(), ..place() });
    let root =
        |place: &HostId, shared| StateDir::for_machine("/net/home/baton".into(), shared, place).path().to_owned();
    assert_ne!(root(&here, true), root(&there, true));
    assert_eq!(root(&here, true).parent(), Some(Path::new("/net/home/baton")));
    // A container with another machine id sees the same directory but shares nothing with it.
    assert_eq!(root(&here, false), root(&there, false));
}
