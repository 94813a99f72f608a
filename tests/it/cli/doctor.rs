//! Tests the findings of `baton doctor`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use agent_baton_core::agent::Agent;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::program;
use agent_baton_tests::{Installation, Window};
use serde_json::{Value, json};

/// Creates an installation of Claude Code with one session recorded.
fn well() -> Installation {
    let installation = Installation::new();
    fs::remove_dir(installation.at(".codex")).unwrap();
    installation.script("claude", "echo '2.1.329 (Claude Code)'");
    installation.done("install --yes");
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%1");
    let _ = window.hook("SessionStart", "s1", &json!({}));
    installation
}

/// Damages an installation, and checks that doctor reports these words in a finding of that check and level.
fn check(what: &str, level: &str, name: &str, words: &str, spoil: impl Fn(&Installation)) {
    let installation = well();
    spoil(&installation);
    let output = installation.run("doctor");
    let line =
        output.stdout.lines().find(|line| line.starts_with(level) && line.contains(name) && line.contains(words));
    assert!(line.is_some(), "{what}: {output:?}");
    assert_eq!(output.code, Some(i32::from(level == "PROBLEM")), "{what}: {output:?}");
    let json = installation.run("doctor --json");
    let findings: Vec<Value> = serde_json::from_str(&json.stdout).unwrap_or_else(|error| panic!("{error}: {json:?}"));
    assert_eq!(output.stdout.lines().count(), 1 + findings.len(), "{what}: a header, and a line for each finding");
}

#[test]
fn a_healthy_installation() {
    check("nothing", "ok", "entries", "on 7 events", |_| {});
    let output = well().done("doctor");
    assert!(!output.stdout.contains("PROBLEM"), "{output:?}");
}

fn settings(installation: &Installation, edit: impl Fn(&mut Value)) {
    let path = ".claude/settings.json";
    let text = if installation.at(path).exists() { installation.read(path) } else { b"{}".to_vec() };
    let mut value: Value = serde_json::from_slice(&text).unwrap();
    edit(&mut value);
    installation.write(path, value.to_string());
}

#[test]
fn of_agents_and_entries() {
    check("a newer version", "note", "agents", "newer than", |installation| {
        installation.script("claude", "echo '9.0.0 (Claude Code)'")
    });
    check("no program", "note", "agents", "not on the PATH", |installation| {
        fs::remove_file(installation.scripts().join("claude")).unwrap()
    });
    check("no entry", "PROBLEM", "entries", "does not call baton: run", |installation| {
        drop(installation.done("uninstall --yes"))
    });
    check("an entry gone", "PROBLEM", "entries", "on Stop: run", |installation| {
        settings(installation, |file| drop(file["hooks"].as_object_mut().unwrap().remove("Stop")));
    });
    check("an entry twice", "PROBLEM", "entries", "more than once on Stop", |installation| {
        settings(installation, |file| {
            let group = file["hooks"]["Stop"][0].clone();
            file["hooks"]["Stop"].as_array_mut().unwrap().push(group);
        });
    });
    check("plugin and settings", "PROBLEM", "entries", "both the plugin baton@baton", |installation| {
        settings(installation, |file| file["enabledPlugins"] = json!({"baton@baton": true}));
    });
    check("hooks switched off", "PROBLEM", "entries", "disableAllHooks", |installation| {
        settings(installation, |file| file["disableAllHooks"] = json!(true))
    });
    check("broken settings", "PROBLEM", "entries", "line 1", |installation| {
        installation.write(".claude/settings.json", "{")
    });
    check("another loop", "note", "loops", "ralph-loop@official", |installation| {
        settings(installation, |file| file["enabledPlugins"] = json!({"ralph-loop@official": true}));
    });
    check("another loop's command", "note", "loops", "/opt/stop-hook.sh", |installation| {
        let theirs = json!({"hooks": [{"type": "command", "command": "/opt/stop-hook.sh"}]});
        settings(installation, |file| file["hooks"]["Stop"].as_array_mut().unwrap().push(theirs.clone()));
    });
    check("a plugin alone", "ok", "entries", "the plugin baton@market calls baton", |installation| {
        installation.done("uninstall --yes");
        installation.script("baton", &format!("exec {} \"$@\"", installation.program().display()));
        settings(installation, |file| file["enabledPlugins"] = json!({"baton@market": true}));
    });
    check("edited since", "ok", "receipt", "edited since", |installation| {
        settings(installation, |file| file["a"] = json!(1))
    });
}

#[test]
fn of_an_agents_directory_that_is_no_absolute_path() {
    let installation = well();
    for (variable, value) in [("CLAUDE_CONFIG_DIR", "~/x"), ("CODEX_HOME", "relative")] {
        let output = installation.call("doctor").env(variable, value).run();
        let words = format!("{variable} is \"{value}\", which is not an absolute path");
        assert!(output.code == Some(1) && output.stdout.contains(&words), "{output:?}");
    }
}

/// As for a user in a container whose account has no home, or another one.
#[test]
fn of_a_state_that_events_in_this_directory_may_not_use() {
    let installation = well();
    let home = installation.at("other/home");
    fs::create_dir_all(&home).unwrap();
    for (directory, level) in
        [(&home, "PROBLEM"), (&installation.at("other"), "PROBLEM"), (&installation.at("work"), "note")]
    {
        let output = installation.call("doctor").env("BATON_HOME", "").env("HOME", &home).cwd(directory).run();
        let line = output.stdout.lines().find(|line| line.contains(" state ")).unwrap().to_owned();
        assert!(line.starts_with(level), "{directory:?}: {output:?}");
        assert_eq!(line.contains("set BATON_HOME to a directory outside of projects"), level == "PROBLEM", "{line}");
    }
}

#[test]
fn of_the_program() {
    // The program that runs doctor is not the one that is installed.
    let installation = well();
    let other = installation.at("baton");
    program::link(installation.program(), &other).unwrap();
    fs::remove_file(installation.program()).unwrap();
    let output = installation.scratch.program(&other, ["doctor"]).run();
    assert!(output.stdout.contains("cannot be run: run `baton install`"), "{output:?}");
    fs::write(installation.program(), "#!/bin/sh\necho baton 0.0.1\n").unwrap();
    fs::set_permissions(installation.program(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = installation.scratch.program(&other, ["doctor"]).run();
    assert!(output.stdout.contains("is baton 0.0.1, this is baton"), "{output:?}");
    assert_eq!(output.code, Some(1));
}

/// If an entry leaves the program to the PATH, doctor searches its own PATH and that of each live agent.
#[test]
fn of_the_path_of_the_agents() {
    let installation = well();
    installation.done("uninstall --yes");
    fs::create_dir_all(installation.at("work/.git")).unwrap();
    installation.done("install --yes --scope project --agent claude");
    let said = |words: &str| {
        let output = installation.run("doctor");
        let found = output.stdout.lines().any(|line| line.starts_with("PROBLEM program") && line.contains(words));
        assert_eq!(output.code, Some(i32::from(found)), "{output:?}");
        found
    };
    assert!(said("which is not on the PATH here"));
    installation.script("baton", &format!("exec {} \"$@\"", installation.program().display()));
    assert!(!said("PATH"));
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%7");
    let _ = window.hook("SessionStart", "s7", &json!({}));
    let pid = window.process.pid();
    assert!(said(&format!("claude: pid {pid} was started with a PATH without baton")));
    window.process.kill();
    assert!(!said("PATH"));
}

#[test]
fn of_the_last_event() {
    let installation = well();
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%1");
    for event in ["SessionStart", "UserPromptSubmit", "Stop", "Stop"] {
        let _ = window.hook(event, "s1", &json!({"prompt": "words"}));
    }
    let output = installation.done("doctor");
    let took = output.stdout.lines().find_map(|line| line.split_once("its last Stop took ")).map(|(_, took)| took);
    let ms: f64 = took.and_then(|took| took.strip_suffix(" ms")).and_then(|ms| ms.parse().ok()).expect("a duration");
    assert!(ms > 0.0 && ms < 2000.0, "{output:?}");
}

#[test]
fn of_the_state() {
    let state = |installation: &Installation| installation.scratch.state_dir();
    check("an event", "ok", "events", "last called", |_| {});
    check("a clock set back", "note", "clock", "1 session is from the future", |installation| {
        let path = state(installation).join("sessions/s1.json");
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["updated"]["unix_ms"] = json!(9_999_999_999_999_u64);
        fs::write(&path, record.to_string()).unwrap();
    });
    check("events that nobody takes", "PROBLEM", "inbox", "65 deferred events", |installation| {
        fs::create_dir(state(installation).join("inbox")).unwrap();
        (0..65).for_each(|n| fs::write(state(installation).join(format!("inbox/{n}.json")), "{}").unwrap());
    });
    check("quarantined files", "note", "inbox", "1 unusable file in the quarantine directory", |installation| {
        fs::create_dir_all(state(installation).join("quarantine")).unwrap();
        fs::write(state(installation).join("quarantine/x"), "{").unwrap();
    });
    check("an unreadable run", "PROBLEM", "records", "r1.json", |installation| {
        fs::write(state(installation).join("runs/r1.json"), "null").unwrap()
    });
    check("another's", "PROBLEM", "state", "state", |installation| {
        fs::remove_dir_all(state(installation)).unwrap();
        fs::write(state(installation), "").unwrap();
    });
    check("no state", "note", "state", "first event creates it", |installation| {
        fs::remove_dir_all(state(installation)).unwrap()
    });
    check("open to others", "PROBLEM", "state", "open to others", |installation| {
        fs::set_permissions(state(installation), fs::Permissions::from_mode(0o755)).unwrap();
    });
    check("a newer format", "PROBLEM", "format", "newer baton", |installation| {
        let path = state(installation).join("format");
        let mut format: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        format["format"] = json!(99);
        fs::write(&path, format.to_string()).unwrap();
    });
    check("an unreadable record", "PROBLEM", "records", "s1.json", |installation| {
        fs::write(state(installation).join("sessions/s1.json"), "{").unwrap()
    });
    check("an event that waits", "note", "inbox", "1 deferred event", |installation| {
        fs::create_dir(state(installation).join("inbox")).unwrap();
        fs::write(state(installation).join("inbox/x.json"), "{}").unwrap();
    });
    check("a commit cut off", "PROBLEM", "state", "interrupted", |installation| {
        fs::write(state(installation).join("wal.json"), "{").unwrap()
    });
}

/// Checks that this check reports a problem.
fn problem(installation: &Installation, name: &str, words: &str) {
    let output = installation.run("doctor");
    let found =
        output.stdout.lines().any(|line| line.starts_with("PROBLEM") && line.contains(name) && line.contains(words));
    assert!(found && output.code == Some(1), "{words}: {output:?}");
}

#[test]
fn of_a_holder_of_the_lock_that_is_frozen() {
    let installation = well();
    let mut frozen = Process::spawn(&installation.scratch, &Launch { comm: "codex", args: &[], tty: false }, None);
    frozen.lock(&installation.scratch.state_dir().join("lock"));
    frozen.stop();
    problem(&installation, "state", "another call has held the lock for 2 seconds");
    problem(&installation, "state", "fuser");
    // Nothing can be repaired meanwhile, and doctor reports that.
    let output = installation.run("doctor --fix");
    assert_eq!(output.code, Some(1), "{output:?}");
    frozen.kill();
    installation.done("doctor");
}

#[test]
fn of_a_file_system_that_is_full_or_cannot_be_written() {
    let installation = well();
    let state = installation.scratch.state_dir();
    let kept = installation.scratch.root().join("kept");
    fs::rename(&state, &kept).unwrap();
    let Some(mount) = Mount::tmpfs(&state, 4096) else { return };
    let _ = Window::open(&installation.scratch, Agent::Claude, "%2").hook("SessionStart", "s2", &json!({}));
    // The file system has less space from the beginning than baton needs for long.
    problem(&installation, "state", "KiB are free on its file system: free some space");
    mount.read_only(true);
    problem(&installation, "sandbox", "cannot be written from here: run `baton install --writable`");
}

#[test]
fn of_the_sandbox_of_codex() {
    let installation = Installation::new();
    installation.done("install --yes --agent codex");
    let said = |words: &str| {
        installation.run("doctor").stdout.lines().any(|line| line.contains("sandbox") && line.contains(words))
    };
    assert!(said("`baton install --writable` allows it"));
    installation.done("install --yes --agent codex --writable");
    assert!(said("may write the state"));
}

#[test]
fn of_a_machine_without_agents() {
    let installation = Installation::new();
    for dir in [".claude", ".codex"] {
        fs::remove_dir(installation.at(dir)).unwrap();
    }
    problem(&installation, "agents", "no agent was found");
}

#[test]
fn fix_makes_the_index_anew() {
    let installation = well();
    let state = installation.scratch.state_dir();
    fs::remove_dir_all(state.join("index")).unwrap();
    problem(
        &installation,
        "state",
        "its index is incomplete: the next change rebuilds it, or run `baton doctor --fix`",
    );
    installation.done("doctor --fix");
    assert!(state.join("index/complete").exists());
    installation.done("doctor");
}

#[test]
fn fix_puts_right_what_it_can() {
    let installation = well();
    let state = installation.scratch.state_dir();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(installation.run("doctor").code, Some(1));
    installation.done("doctor --fix");
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(state.join("wal.json"), "{").unwrap();
    assert_eq!(installation.run("doctor").code, Some(1));
    installation.done("doctor --fix");
    assert!(!state.join("wal.json").exists());
}

const CODEX_EVENTS: [&str; 7] =
    ["SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "PermissionRequest", "PreCompact", "SessionEnd"];

#[test]
fn of_trust() {
    let installation = Installation::new();
    installation.done("install --yes --agent codex");
    let events = |words: &str| {
        let output = installation.run("doctor").stdout;
        let mut lines = output.lines().filter(|line| line.contains("trust ") && line.contains(words));
        let line = lines.next().unwrap_or_default().to_owned();
        assert_eq!(lines.next(), None, "one line with one remedy");
        CODEX_EVENTS.iter().filter(|event| line.contains(**event)).count()
    };
    assert_eq!((events("untrusted"), events("PROBLEM")), (7, 7));
    let key = format!("{}:stop:0:0", installation.at(".codex/hooks.json").display());
    installation.write(".codex/config.toml", format!("[hooks.state.\"{key}\"]\ntrusted_hash = \"sha256:00\"\n"));
    assert_eq!((events("codex: modified since it was trusted on Stop"), events("untrusted")), (1, 6));
}

/// A damaged record of protected files, and one of a newer version: the finding names it, and the newest backup.
#[test]
fn of_the_records_of_protected_files() {
    let store = "state/protected/0123456789abcdef0123456789abcdef";
    for record in [
        "{",
        "null",
        r#"{"format":1}"#,
        r#"{"format":99,"project":"/p","revision":1,"participants":[],"state":"idle"}"#,
    ] {
        for words in ["record.json", "backup-2.tar"] {
            check(&format!("the record {record}"), "PROBLEM", "records", words, |installation| {
                let dir = installation.scratch.root().join(store);
                fs::create_dir_all(&dir).unwrap();
                fs::write(dir.join("record.json"), record).unwrap();
                fs::write(dir.join("backup-1.tar"), "").unwrap();
                fs::write(dir.join("backup-2.tar"), "").unwrap();
            });
        }
    }
}

/// What turns off hooks in files that are not the user's, or by a word beside the entries.
#[test]
fn of_what_silences_entries() {
    for (what, words, file, text) in [
        ("Codex's feature", "features.hooks = false", ".codex/config.toml", "[features]\nhooks = false\n"),
        ("its old name", "so no hook runs", ".codex/config.toml", "[features]\ncodex_hooks = false\n"),
        (
            "what the server sent",
            "set allowManagedHooksOnly",
            ".claude/remote-settings.json",
            r#"{"allowManagedHooksOnly":true}"#,
        ),
    ] {
        check(what, "PROBLEM", "entries", words, |installation| installation.write(file, text));
    }
    check("an unreadable policy", "note", "entries", "not known whether", |installation| {
        installation.write(".claude/remote-settings.json", "{")
    });
    check(
        "a switch in a file of the project",
        "PROBLEM",
        "entries",
        "settings.local.json sets disableAllHooks",
        |installation| installation.write("work/.claude/settings.local.json", r#"{"disableAllHooks":true}"#),
    );
    for (key, value) in [("disableAllHooks", json!("true")), ("hooks.PreToolUse", json!({}))] {
        check(key, "PROBLEM", "entries", &format!("{key} has a value that claude does not take"), |installation| {
            settings(installation, |file| match key {
                "disableAllHooks" => file["disableAllHooks"] = value.clone(),
                _ => file["hooks"]["PreToolUse"] = value.clone(),
            });
        });
    }
    for (field, value, words) in [
        ("async", json!(true), "on Stop it is asynchronous"),
        ("timeout", json!("5"), "on Stop the timeout has a value for which"),
        ("timeout", json!(null), "on Stop the timeout has a value for which"),
        ("args", json!("hook --agent claude"), "does not call baton on Stop"),
    ] {
        check(&format!("{field}: {value}"), "PROBLEM", "entries", words, |installation| {
            settings(installation, |file| file["hooks"]["Stop"][0]["hooks"][0][field] = value.clone());
        });
    }
    let every =
        "on Notification, PreCompact, SessionEnd, SessionStart, Stop, StopFailure, UserPromptSubmit the timeout";
    check("every timeout", "PROBLEM", "entries", every, |installation| {
        settings(installation, |file| {
            for groups in file["hooks"].as_object_mut().unwrap().values_mut() {
                groups[0]["hooks"][0]["timeout"] = json!("5");
            }
        });
    });
    for (matcher, words) in [
        (json!(null), "on SessionStart the matcher is not a string"),
        (json!(["startup"]), "on SessionStart the matcher is not a string"),
        (json!("resume"), "lets only some"),
    ] {
        check(&format!("the matcher {matcher}"), "PROBLEM", "entries", words, |installation| {
            settings(installation, |file| file["hooks"]["SessionStart"][0]["matcher"] = matcher.clone());
        });
    }
    check("a condition", "PROBLEM", "entries", "has an `if`", |installation| {
        settings(installation, |file| file["hooks"]["Stop"][0]["hooks"][0]["if"] = json!("Bash(rm *)"));
    });
    check("a matcher that matches all", "ok", "entries", "on 7 events", |installation| {
        settings(installation, |file| file["hooks"]["SessionStart"][0]["matcher"] = json!("*"));
    });
}

/// A private `/etc` with the administrator's settings in it.
#[test]
fn of_managed_settings() {
    if !nix::unistd::geteuid().is_root() {
        return; // Only root can make the case.
    }
    let call = r#""hooks":{"Stop":[{"hooks":[{"type":"command","command":"baton hook --agent claude"}]}]}"#;
    for (file, text, level, words) in [
        (
            "claude-code/managed-settings.json",
            r#"{"allowManagedHooksOnly":true}"#.to_owned(),
            "PROBLEM",
            "set allowManagedHooksOnly",
        ),
        (
            "claude-code/managed-settings.d/1.json",
            r#"{"disableAllHooks":true}"#.to_owned(),
            "PROBLEM",
            "set disableAllHooks",
        ),
        (
            "claude-code/managed-settings.json",
            format!(r#"{{"allowManagedHooksOnly":true,{call}}}"#),
            "ok",
            "by the managed settings",
        ),
        (
            "codex/requirements.toml",
            "allow_managed_hooks_only = true".to_owned(),
            "PROBLEM",
            "set allow_managed_hooks_only",
        ),
    ] {
        let installation = well();
        let at = format!("etc/{file}");
        installation.write(&at, text);
        if file.starts_with("codex") {
            installation.write(".codex/hooks.json", "{}");
        }
        installation.write("etc/passwd", fs::read("/etc/passwd").unwrap());
        installation.write("etc/machine-id", fs::read("/etc/machine-id").unwrap_or_default());
        let script = "mount --make-rprivate / && mount --bind \"$1\" /etc && exec \"$2\" doctor";
        let (etc, program) = (installation.at("etc"), installation.program().to_owned());
        let words_of_call = ["-m", "/bin/sh", "-c", script, "sh", etc.to_str().unwrap(), program.to_str().unwrap()];
        let path = format!("{}:/usr/bin:/bin", installation.scripts().display());
        let output = installation
            .scratch
            .program(std::path::Path::new("/usr/bin/unshare"), words_of_call)
            .env("PATH", path)
            .run();
        let line = output
            .stdout
            .lines()
            .find(|line| line.starts_with(level) && line.contains("entries") && line.contains(words));
        assert!(line.is_some(), "{file}: {output:?}");
    }
}

/// Neither needs a project.
#[test]
fn from_a_directory_that_was_removed() {
    let installation = well();
    let gone = installation.at("gone");
    for (words, code) in
        [("doctor", 0), ("uninstall --yes", 0), ("install --yes", 0), ("install --yes --scope project", 1)]
    {
        fs::create_dir(&gone).unwrap();
        let script = "rmdir \"$PWD\" && exec \"$@\"";
        let call = ["-c", script, "sh", installation.program().to_str().unwrap()].into_iter().chain(words.split(' '));
        let path = format!("{}:/usr/bin:/bin", installation.scripts().display());
        let output =
            installation.scratch.program(std::path::Path::new("/bin/sh"), call).cwd(&gone).env("PATH", path).run();
        assert_eq!(output.code, Some(code), "{words}: {output:?}");
        assert!(!output.stderr.contains("cannot find"), "{words}: {output:?}");
        assert_eq!(code == 1, output.stderr.contains("the current directory"), "{words}: {output:?}");
    }
}
