//! Tests what install writes, what it refuses, and what it leaves alone.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use agent_baton_tests::{Installation, Scratch, program};
use serde_json::{Value, json};

const CLAUDE: &str = ".claude/settings.json";
const CODEX: &str = ".codex/hooks.json";

fn parsed(installation: &Installation, path: &str) -> Value {
    serde_json::from_slice(&installation.read(path)).unwrap()
}

fn one(command: Value) -> Value {
    json!([{ "hooks": [command] }])
}

#[test]
fn entries_of_claude() {
    let installation = Installation::new();
    installation.done("install --yes --agent claude");
    let entry = |timeout: u32| {
        let args = ["hook", "--agent", "claude"];
        one(json!({"type": "command", "command": installation.program(), "args": args, "timeout": timeout}))
    };
    // A `Stop` hook runs the command of a loop.
    let timeout = |event: &str| if event == "Stop" { 330 } else { 5 };
    let events =
        ["SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "Notification", "PreCompact", "SessionEnd"];
    let hooks: serde_json::Map<String, Value> =
        events.iter().map(|event| ((*event).to_owned(), entry(timeout(event)))).collect();
    assert_eq!(parsed(&installation, CLAUDE), json!({ "hooks": hooks }));
    assert!(!installation.at(CODEX).exists(), "another agent than the one named");
}

#[test]
fn entries_of_codex() {
    let installation = Installation::new();
    installation.done("install --yes --agent codex");
    let command = format!("{} hook --agent codex", installation.program().display());
    let entry = |timeout| one(json!({"type": "command", "command": command, "timeout": timeout}));
    let longer = ["SessionStart", "UserPromptSubmit", "PermissionRequest", "PreCompact"].map(|event| (event, 5));
    // Codex shortens the last two to 3 seconds, and prints a warning for longer ones.
    let hooks = longer.into_iter().chain([("Stop", 330), ("Interrupt", 3), ("SessionEnd", 3)]);
    let hooks: serde_json::Map<String, Value> = hooks.map(|(event, time)| (event.to_owned(), entry(time))).collect();
    assert_eq!(parsed(&installation, CODEX), json!({ "hooks": hooks }));
}

#[test]
fn foreign_hooks_stay_before_ours() {
    let installation = Installation::new();
    let foreign = json!({"matcher": "startup", "hooks": [{"type": "command", "command": "theirs"}]});
    installation.write(CODEX, json!({"hooks": {"SessionStart": [foreign.clone(), foreign.clone()]}}).to_string());
    installation.done("install --yes");
    let groups = parsed(&installation, CODEX)["hooks"]["SessionStart"].as_array().unwrap().clone();
    assert_eq!(groups[..2], [foreign.clone(), foreign]);
    assert_eq!(groups.len(), 3);
}

#[test]
fn an_entry_made_by_hand_is_not_doubled() {
    let installation = Installation::new();
    let by_hand =
        json!({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "/opt/baton hook --agent claude"}]}]}});
    installation.write(CLAUDE, by_hand.to_string());
    let output = installation.done("install --yes --agent claude");
    assert!(output.stderr.contains("on Stop through an entry that install did not write"), "{output:?}");
    assert_eq!(parsed(&installation, CLAUDE)["hooks"]["Stop"], by_hand["hooks"]["Stop"]);
    installation.done("uninstall --yes");
    assert_eq!(installation.read(CLAUDE), by_hand.to_string().into_bytes());
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    for (path, text, line) in [
        (CLAUDE, &b"{\n  \"a\": 1\n  \"b\": 2\n}\n"[..], "line 2"),
        (CLAUDE, b"{\n  \"a\": 1\n", "line 2"),
        (CLAUDE, b"{\n\"a\": 1,\n\n", "line 2"),
        (CLAUDE, b"{\r\n\"a\": \"b\r\n", "line 2"),
        (CLAUDE, b"[]", "line 1"),
        (CLAUDE, b"{'a': 1}", "line 1"),
        (CLAUDE, b"{a: 1}", "line 1"),
        (CLAUDE, b"{\n\"hooks\": []}", "line 2"),
        (CLAUDE, b"{\n\"hooks\": {\n\"Stop\": {}}}", "line 3"),
        (CLAUDE, b"{\"hooks\": {\"Stop\":\n [\"x\"]}}", "line 2"),
        (CLAUDE, b"{\"hooks\": {},\n \"hooks\": {}}", "line 2"),
        (CLAUDE, b"{\"a\": \"\xff\"}", "UTF-8"),
        (CLAUDE, b"null null", "line 1"),
        (CLAUDE, b"null\n", "line 1"),
        (CLAUDE, b"// words\nnull", "line 2"),
        (CLAUDE, b"\"text\"\n", "line 1"),
        (CODEX, b"{\"hooks\": 1}", "line 1"),
        (".codex/config.toml", b"a = 1\nb = \n", "line 2"),
        (".codex/config.toml", b"a = 1\nb = [\n\n", "line 2"),
        (".codex/config.toml", b"a = 1\n\nsandbox_workspace_write = 1\n", "line 3"),
        (".codex/config.toml", b"a = 1\n[sandbox_workspace_write]\nwritable_roots = 1\n", "line 3"),
    ] {
        let installation = Installation::new();
        installation.write(path, text);
        let output = installation.run("install --yes --writable");
        let shown = String::from_utf8_lossy(text);
        assert_eq!(output.code, Some(1), "{shown}: {output:?}");
        assert!(output.stderr.contains(line) && output.stderr.contains(path), "{shown}: {output:?}");
        // The file keeps its bytes, and what is possible elsewhere is done.
        assert_eq!(installation.read(path), text, "{shown}");
        let other = if path == CLAUDE { CODEX } else { CLAUDE };
        assert!(installation.at(other).exists(), "{shown}: {output:?}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let installation = Installation::new();
    installation.write(CLAUDE, "[".repeat(1_000_000));
    let output = installation.run("install --yes");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("nested deeper"), "{output:?}");
}

#[test]
fn a_symlink_is_followed_once_and_named() {
    let installation = Installation::new();
    installation.write("dotfiles/settings.json", "{\n  \"a\": 1\n}\n");
    fs::set_permissions(installation.at("dotfiles/settings.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../dotfiles/settings.json", installation.at(CLAUDE)).unwrap();
    let tree = installation.tree();
    let output = installation.done("install --yes");
    assert!(output.stdout.contains("settings.json -> "), "{output:?}");
    assert!(fs::symlink_metadata(installation.at(CLAUDE)).unwrap().is_symlink());
    let meta = fs::metadata(installation.at("dotfiles/settings.json")).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o640);
    installation.done("uninstall --yes");
    assert_eq!(installation.tree(), tree);

    fs::rename(installation.at("dotfiles/settings.json"), installation.at("dotfiles/real.json")).unwrap();
    symlink("real.json", installation.at("dotfiles/settings.json")).unwrap();
    let tree = installation.tree();
    let output = installation.run("install --yes --agent claude");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("also a symlink"), "{output:?}");
    assert_eq!(installation.tree(), tree);
}

/// A file that a generator owns, or that cannot be written: the other agent is installed, and what belongs into the file is shown.
#[test]
fn what_cannot_be_written_is_shown_and_stops_no_other_agent() {
    type Spoil = fn(&Installation, &std::path::Path);
    let link: Spoil = |installation, path| {
        installation.write("store/real", "{}");
        symlink("real", installation.at("store/link")).unwrap();
        symlink(installation.at("store/link"), path).unwrap();
    };
    let directory: Spoil = |_, path| fs::create_dir(path).unwrap();
    let bytes: Spoil = |_, path| fs::write(path, b"\xff").unwrap();
    for (path, other) in [(CLAUDE, CODEX), (CODEX, CLAUDE)] {
        for spoil in [link, directory, bytes] {
            let installation = Installation::new();
            spoil(&installation, &installation.at(path));
            let is_as = || {
                let path = installation.at(path);
                (fs::symlink_metadata(&path).unwrap().file_type(), fs::read_link(&path).ok())
            };
            let before = is_as();
            let output = installation.run("install --yes");
            assert_eq!((output.code, is_as()), (Some(1), before), "{output:?}");
            assert!(output.stderr.contains(installation.at(path).to_str().unwrap()), "{output:?}");
            assert!(!parsed(&installation, other)["hooks"]["Stop"].is_null(), "{output:?}");
            // What is shown is what the file would hold.
            let (_, shown) = output.stdout.split_once("writes it:\n").unwrap();
            let expected = Installation::new();
            expected.done("install --yes");
            let text = parsed(&expected, path).to_string();
            let text =
                text.replace(expected.scratch.root().to_str().unwrap(), installation.scratch.root().to_str().unwrap());
            assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}

#[test]
fn a_configuration_directory_that_is_not_absolute_is_named_by_its_variable() {
    for (variable, agent) in [("CLAUDE_CONFIG_DIR", "claude"), ("CODEX_HOME", "codex")] {
        let installation = Installation::new();
        for words in ["install --yes", "install --yes --agent"] {
            let words = if words.ends_with("agent") { format!("{words} {agent}") } else { words.to_owned() };
            let output = installation.call(&words).env(variable, "~/x").run();
            assert_eq!(output.code, Some(1), "{output:?}");
            assert!(output.stderr.contains(variable) && output.stderr.contains("absolute"), "{output:?}");
        }
    }
}

#[test]
fn without_a_terminal_or_on_a_dry_run_nothing_is_written() {
    for (words, status, says) in [("install", 1, "add --yes"), ("install --dry-run", 0, "dry run")] {
        let installation = Installation::new();
        installation.write(CLAUDE, "{}");
        let tree = installation.tree();
        let output = installation.run(words);
        assert_eq!(output.code, Some(status), "{output:?}");
        assert!(output.stderr.contains(says), "{output:?}");
        assert!(output.stdout.contains("+++ ") && output.stdout.contains("\"SessionEnd\""), "{output:?}");
        assert_eq!(installation.tree(), tree, "{words}");
    }
}

#[test]
fn the_agents_are_found() {
    let installation = Installation::new();
    fs::remove_dir(installation.at(".codex")).unwrap();
    let output = installation.done("install --yes");
    assert!(output.stderr.contains("claude is not on the PATH"), "{output:?}");
    assert!(installation.at(CLAUDE).exists() && !installation.at(".codex").exists());
    // Finding the program is enough, too. Its directory is created, and uninstall removes it.
    installation.script("codex", "exit 0");
    installation.done("install --yes");
    assert!(installation.at(CODEX).exists());
    installation.done("uninstall --yes");
    assert!(!installation.at(".codex").exists() && !installation.at(CLAUDE).exists());

    let nobody = Installation::new();
    fs::remove_dir(nobody.at(".codex")).unwrap();
    fs::remove_dir(nobody.at(".claude")).unwrap();
    let tree = nobody.tree();
    let output = nobody.run("install --yes");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("no agent was found"), "{output:?}");
    assert_eq!(nobody.tree(), tree);
}

#[test]
fn a_project_gets_an_entry_that_is_silent_without_baton() {
    let installation = Installation::new();
    fs::create_dir_all(installation.at("work/.git")).unwrap();
    installation.done("install --yes --scope project");
    for path in ["work/.claude/settings.json", "work/.codex/hooks.json"] {
        let text = String::from_utf8(installation.read(path)).unwrap();
        assert!(!text.contains(installation.scratch.home().to_str().unwrap()), "{text}");
        let command =
            parsed(&installation, path)["hooks"]["Stop"][0]["hooks"][0]["command"].as_str().unwrap().to_owned();
        let output = Command::new("/bin/sh")
            .args(["-c", &command])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .output();
        let output = output.unwrap();
        assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
        // If the program exists, it is called with exactly these words.
        installation.script("baton", "echo \"$@\"");
        let path = format!("{}:/usr/bin:/bin", installation.scripts().display());
        let output = Command::new("/bin/sh").args(["-c", &command]).env_clear().env("PATH", path).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("hook --agent c"), "{output:?}");
    }
    installation.done("uninstall --yes");
    assert!(!installation.at("work/.claude").exists() && !installation.at("work/.codex").exists());

    installation.done("install --yes --scope local");
    assert!(installation.at("work/.claude/settings.local.json").exists());
    assert_eq!(installation.run("install --yes --scope local --agent codex").code, Some(1));
}

/// `baton` looks for the program of a fleet only beside itself.
#[test]
fn the_program_of_a_fleet_is_copied_beside_the_copy_and_removed_with_it() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.home().join(".claude")).unwrap();
    let build = scratch.home().join("target/debug/baton");
    fs::create_dir_all(build.parent().unwrap()).unwrap();
    program::link(program::baton(), &build).unwrap();
    let copy = scratch.home().join(".local/share/baton/bin/baton-fleet");
    for version in ["one", "two"] {
        fs::write(build.with_file_name("baton-fleet"), version).unwrap();
        let output = scratch.program(&build, ["install", "--yes"]).run();
        assert_eq!((output.code, fs::read_to_string(&copy).unwrap().as_str()), (Some(0), version), "{output:?}");
    }
    let output = scratch.program(&build, ["uninstall", "--yes"]).run();
    assert_eq!((output.code, copy.parent().unwrap().exists()), (Some(0), false), "{output:?}");
}

#[test]
fn a_program_that_does_not_stay_is_copied() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.home().join(".claude")).unwrap();
    let build = scratch.home().join("target/debug/baton");
    fs::create_dir_all(build.parent().unwrap()).unwrap();
    program::link(program::baton(), &build).unwrap();
    let copy = scratch.home().join(".local/share/baton/bin/baton");
    let output = scratch.program(&build, ["install", "--yes"]).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains("made: a copy of"), "{output:?}");
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&build).unwrap());
    let settings = fs::read_to_string(scratch.home().join(CLAUDE)).unwrap();
    assert!(settings.contains(copy.to_str().unwrap()) && !settings.contains("target/debug"), "{settings}");
    let output = scratch.program(&copy, ["uninstall", "--yes"]).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!copy.exists() && !scratch.home().join(".local").exists());
}

/// The hashes that Codex 0.169.0 itself computes for the entries of a project. The one of `Stop`, whose timeout is
/// longer now, follows the rule that gives all the others.
const HASHES: [(&str, &str, &str); 7] = [
    ("session_start", "sessionStart", "sha256:503d2f4c5f6e58a2419f8e7e999ce0f0d78858a636fd10dc1b9bcfe696047827"),
    (
        "user_prompt_submit",
        "userPromptSubmit",
        "sha256:99f8e66f61a252d4c86ddcff8e507e319526d46eeac10145658eedd64def1add",
    ),
    ("stop", "stop", "sha256:9816dcfcac254f5c741df6ad51c31bfdfdd2bebd3d2772f24448e5d66c89ebc9"),
    ("interrupt", "interrupt", "sha256:cde1f655d3011878e21b303b434830f0afc1e7000043418ffbd8c5f3430420b7"),
    (
        "permission_request",
        "permissionRequest",
        "sha256:d5f1927739431d507673b7958f0a3ca3cf02b5ee998960832b9d2e1999ee7a3c",
    ),
    ("pre_compact", "preCompact", "sha256:d0bf4fcc13dd66475252ed09a41d695f415b93c752bc27ae62d71b9fa0a4fe45"),
    ("session_end", "sessionEnd", "sha256:d343e1857c85b44015c03f29a67643cb52b35be6bd3459e2518fe5fe458371d1"),
];

/// Puts a client on the PATH that lists the entries with these hashes.
fn client(installation: &Installation, hashes: impl Fn(&str) -> String) {
    let entry = |(place, name, hash): &(&str, &str, &str)| json!({"key": format!("/any/hooks.json:{place}:0:0"), "eventName": name, "currentHash": hashes(hash)});
    let answer = json!({"id": 1, "result": {"data": [{"hooks": HASHES.iter().map(entry).collect::<Vec<_>>()}]}});
    installation
        .script("codex", &format!("read a; echo '{{\"id\":0,\"result\":{{}}}}'; read b; read c; echo '{answer}'"));
}

#[test]
fn trust_is_written_only_where_the_client_confirms_it() {
    const SETTINGS: &str = ".codex/config.toml";
    let install = "install --yes --scope project --agent codex --trust";
    let before = "model = \"x\"\r\n\r\n[tui]\r\nnotifications = true";
    let installation = Installation::new();
    fs::create_dir_all(installation.at("work/.git")).unwrap();
    installation.write(SETTINGS, before);

    type Spoil = fn(&Installation);
    let unconfirmed: [(&str, Spoil); 4] = [
        ("is not on the PATH", |_| {}),
        ("own hash", |installation| client(installation, |hash| hash.replace('a', "b"))),
        ("in an unknown format", |installation| {
            installation.script("codex", "read a; read b; read c; echo '{\"id\":1,\"error\":{}}'")
        }),
        ("did not list", |installation| installation.script("codex", "exit 1")),
    ];
    for (says, spoil) in unconfirmed {
        spoil(&installation);
        let dry = installation.run(&format!("{install} --dry-run"));
        assert!(dry.code == Some(1) && dry.stderr.contains(says), "a dry run says it too: {dry:?}");
        let output = installation.run(install);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("trust entries were not written") && output.stderr.contains(says), "{output:?}");
        assert_eq!(installation.read(SETTINGS), before.as_bytes(), "{says}");
        assert!(installation.at("work/.codex/hooks.json").exists(), "{says}: the rest is installed");
    }

    client(&installation, str::to_owned);
    installation.done(install);
    let text = String::from_utf8(installation.read(SETTINGS)).unwrap();
    let file = installation.at("work/.codex/hooks.json");
    for (place, _, hash) in HASHES {
        let entry = format!("[hooks.state.\"{}:{place}:0:0\"]\r\ntrusted_hash = \"{hash}\"\r\n", file.display());
        assert!(text.contains(&entry), "{entry} in {text}");
    }
    assert!(text.starts_with(before), "{text}");
    assert!(installation.done(install).stderr.contains("nothing was written"));
    installation.done("uninstall --yes");
    assert_eq!(installation.read(SETTINGS), before.as_bytes());
}

#[test]
fn the_sandbox_is_opened_where_asked() {
    const SETTINGS: &str = ".codex/config.toml";
    for before in [
        "",
        "model = \"x\" # mine\n",
        "[sandbox_workspace_write]\nnetwork_access = true\n\n[tui]\n",
        "[sandbox_workspace_write]\r\nwritable_roots = [\r\n  \"/a\", # a\r\n]\r\n",
        "sandbox_workspace_write = { network_access = true }\n",
        "\u{feff}a = 1\n",
    ] {
        let installation = Installation::new();
        installation.write(SETTINGS, before);
        installation.done("install --yes --agent codex --writable");
        let text = String::from_utf8(installation.read(SETTINGS)).unwrap();
        let state = installation.scratch.state_dir();
        assert!(text.contains(state.to_str().unwrap()) && text.contains("writable_roots"), "{text}");
        assert!(installation.done("install --yes --agent codex --writable").stderr.contains("nothing was written"));
        // The same, with other lines added meanwhile.
        installation.write(SETTINGS, format!("{text}\n[later]\nx = 1\n"));
        installation.done("uninstall --yes");
        let text = String::from_utf8(installation.read(SETTINGS)).unwrap();
        assert!(!text.contains(state.to_str().unwrap()) && text.contains("[later]"), "{text}");
    }
}

#[test]
fn one_dated_backup() {
    let installation = Installation::new();
    installation.write(CLAUDE, "{}");
    let backups = || {
        let names = fs::read_dir(installation.at(".claude"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("settings.json.before-baton-")).collect::<Vec<_>>()
    };
    installation.done("install --yes");
    let first = backups();
    assert_eq!(first.len(), 1);
    assert_eq!(fs::read(installation.at(".claude").join(&first[0])).unwrap(), b"{}");
    // If someone changed one of baton's entries, install restores the entry, and the original text stays in the
    // receipt.
    let changed = String::from_utf8(installation.read(CLAUDE)).unwrap().replacen("\"timeout\": 5", "\"timeout\": 6", 1);
    installation.write(CLAUDE, changed);
    installation.run("install --yes");
    assert_eq!(backups(), first);
}

/// Only the user of the installation may raise the limit on consecutive `Stop` hooks, and install shows the change
/// first.
#[test]
fn the_cap_of_loops_is_set_shown_kept_and_taken_out() {
    const CAP: &str = "CLAUDE_CODE_STOP_HOOK_BLOCK_CAP";
    for (before, made) in [("", true), ("{\"env\": {\"A\": \"b\"}}\n", false), ("{\n  \"env\": {}\n}\n", false)] {
        let installation = Installation::new();
        if !before.is_empty() {
            installation.write(CLAUDE, before);
        }
        installation.done("install --yes --agent claude");
        let shown = installation.done("install --dry-run --agent claude --loops");
        assert!(shown.stderr.contains("for all Stop hooks"), "{shown:?}");
        assert!(
            format!("{shown:?}").contains(CAP)
                && parsed(&installation, CLAUDE).pointer(&format!("/env/{CAP}")).is_none()
        );
        installation.done("install --yes --agent claude --loops 20");
        assert_eq!(parsed(&installation, CLAUDE)["env"][CAP], "20", "{before}");
        let again = installation.done("install --yes --agent claude --loops 30");
        assert!(again.stderr.contains("is already 20"), "{again:?}");
        installation.done("install --yes --agent claude");
        assert_eq!(parsed(&installation, CLAUDE)["env"][CAP], "20", "{before}");
        installation.done("uninstall --yes");
        if made {
            assert!(!installation.at(CLAUDE).exists());
        } else {
            assert_eq!(String::from_utf8(installation.read(CLAUDE)).unwrap(), before);
        }
    }
    // In an edited file, the variable is removed if it still has the value that was set, and stays if it has another
    // one.
    for (value, stays) in [("50", false), ("99", true)] {
        let installation = Installation::new();
        installation.done("install --yes --agent claude --loops");
        let mut settings = parsed(&installation, CLAUDE);
        settings["env"][CAP] = json!(value);
        settings["other"] = json!(1);
        installation.write(CLAUDE, settings.to_string());
        installation.done("uninstall --yes");
        let left = parsed(&installation, CLAUDE);
        assert_eq!(left.pointer(&format!("/env/{CAP}")).is_some(), stays, "{left}");
        assert_eq!(left["other"], 1);
    }
    let installation = Installation::new();
    let output = installation.done("install --yes --agent codex --loops");
    assert!(output.stderr.contains("does not limit consecutive Stop hooks"), "{output:?}");
}
