//! Tests what uninstall removes from files that were edited since, and what it leaves.

use agent_baton_core::agent::Agent;
use agent_baton_tests::project::Project;
use agent_baton_tests::{Installation, Window};
use serde_json::{Value, json};

const CLAUDE: &str = ".claude/settings.json";

/// Installs, edits the file as a value, and uninstalls. Returns the value that is left.
fn after_edit(before: &Value, edit: impl Fn(&mut Value)) -> Value {
    let installation = Installation::new();
    installation.write(CLAUDE, before.to_string());
    installation.done("install --yes --agent claude");
    let mut value: Value = serde_json::from_slice(&installation.read(CLAUDE)).unwrap();
    edit(&mut value);
    // A client also rewrites its settings like this.
    installation.write(CLAUDE, serde_json::to_string_pretty(&value).unwrap());
    installation.done("uninstall --yes");
    serde_json::from_slice(&installation.read(CLAUDE)).unwrap()
}

#[test]
fn from_files_edited_since() {
    let foreign = json!({"hooks": [{"type": "command", "command": "theirs"}]});
    let theirs = foreign["hooks"][0].clone();
    type Edit = Box<dyn Fn(&mut Value)>;
    let cases: Vec<(&str, Value, Edit, Value)> = vec![
        ("a key beside", json!({"a": 1}), Box::new(|file| file["b"] = json!(2)), json!({"a": 1, "b": 2})),
        ("only laid out anew", json!({"a": 1}), Box::new(|_| {}), json!({"a": 1})),
        (
            "a group behind ours",
            json!({}),
            {
                let foreign = foreign.clone();
                Box::new(move |file| file["hooks"]["Stop"].as_array_mut().unwrap().push(foreign.clone()))
            },
            json!({"hooks": {"Stop": [foreign]}}),
        ),
        (
            "a handler in our group",
            json!({}),
            {
                let theirs = theirs.clone();
                Box::new(move |file| file["hooks"]["Stop"][0]["hooks"].as_array_mut().unwrap().push(theirs.clone()))
            },
            json!({"hooks": {"Stop": [{"hooks": [theirs]}]}}),
        ),
        (
            "an empty list of the installation's own",
            json!({"hooks": {"Stop": []}}),
            Box::new(|file| file["a"] = json!(1)),
            json!({"hooks": {"Stop": []}, "a": 1}),
        ),
        (
            "our entry changed by the installation",
            json!({}),
            Box::new(|file| file["hooks"]["Stop"][0]["hooks"][0]["timeout"] = json!(60)),
            json!("checked below"),
        ),
        (
            "all hooks taken out",
            json!({"a": 1}),
            Box::new(|file| drop(file.as_object_mut().unwrap().remove("hooks"))),
            json!({"a": 1}),
        ),
    ];
    for (name, before, edit, expected) in cases {
        let left = after_edit(&before, edit);
        if expected == json!("checked below") {
            assert_eq!(left["hooks"].as_object().unwrap().len(), 1, "{name}: what is not as listed stays: {left}");
            assert_eq!(left["hooks"]["Stop"][0]["hooks"][0]["timeout"], 60);
        } else {
            assert_eq!(left, expected, "{name}");
        }
    }
}

/// The backup is used to restore the original only if it is still the one that install wrote.
#[test]
fn without_its_backup_a_file_loses_the_entries_one_by_one() {
    for damaged in [None, Some("{\"other\": true}")] {
        let installation = Installation::new();
        installation.write(CLAUDE, "{\"a\": 1}");
        installation.done("install --yes --agent claude");
        let dir = installation.at(".claude");
        let mut names = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        let backup = names.find(|path| path.display().to_string().contains(".before-baton-")).unwrap();
        match damaged {
            None => std::fs::remove_file(&backup).unwrap(),
            Some(text) => std::fs::write(&backup, text).unwrap(),
        }
        installation.done("uninstall --yes");
        let left: Value = serde_json::from_slice(&installation.read(CLAUDE)).unwrap();
        assert_eq!(left, json!({"a": 1}), "{damaged:?}");
    }
}

#[test]
fn what_was_edited_between_two_installs_stays() {
    for before in [None, Some("{\n  \"a\": 1\n}\n")] {
        let installation = Installation::new();
        if let Some(text) = before {
            installation.write(CLAUDE, text);
        }
        installation.done("install --yes --agent claude");
        let text = String::from_utf8(installation.read(CLAUDE)).unwrap();
        installation.write(CLAUDE, text.replacen('{', "{\n  \"mine\": 2,", 1));
        installation.done("install --yes --agent claude --loops");
        installation.done("uninstall --yes");
        let mut expected = before.map_or_else(|| json!({}), |text| serde_json::from_str(text).unwrap());
        expected["mine"] = json!(2);
        let left: Value = serde_json::from_slice(&installation.read(CLAUDE)).unwrap();
        assert_eq!(left, expected, "{before:?}");
    }
}

#[test]
fn comments_written_since_stay() {
    let installation = Installation::new();
    installation.write(CLAUDE, "{\n  \"a\": 1\n}\n");
    installation.done("install --yes --agent claude");
    let text = String::from_utf8(installation.read(CLAUDE)).unwrap();
    installation.write(CLAUDE, text.replacen("\"a\": 1", "// why\n  \"a\": 2", 1));
    installation.done("uninstall --yes");
    let left = String::from_utf8(installation.read(CLAUDE)).unwrap();
    assert!(left.contains("// why\n  \"a\": 2") && !left.contains("baton"), "{left}");
}

#[test]
fn one_agent_of_two() {
    let installation = Installation::new();
    installation.done("install --yes");
    installation.done("uninstall --yes --agent claude");
    assert!(!installation.at(CLAUDE).exists() && installation.at(".codex/hooks.json").exists());
    installation.done("uninstall --yes");
    assert!(!installation.at(".codex/hooks.json").exists());
}

#[test]
fn without_a_receipt_nothing_is_taken_out() {
    let installation = Installation::new();
    installation.done("install --yes --agent claude");
    let receipt = ".local/share/baton/receipt.json";
    let kept = installation.read(receipt);
    std::fs::remove_file(installation.at(receipt)).unwrap();
    let tree = installation.tree();
    let output = installation.done("uninstall --yes");
    assert!(output.stderr.contains("receipt"), "{output:?}");
    assert_eq!(installation.tree(), tree);
    // A receipt that cannot be read, or that a newer baton wrote, does not allow guessing.
    for text in ["{", "{}", "{\"version\":99,\"files\":{}}"] {
        installation.write(receipt, text);
        let tree = installation.tree();
        assert_eq!(installation.run("uninstall --yes").code, Some(1), "{text}");
        assert_eq!(installation.run("install --yes").code, Some(1), "{text}");
        assert_eq!(installation.tree(), tree, "{text}");
    }
    installation.write(receipt, kept);
    installation.done("uninstall --yes");
    assert!(!installation.at(CLAUDE).exists());
}

#[test]
fn it_asks_first() {
    let installation = Installation::new();
    installation.done("install --yes --agent claude");
    let tree = installation.tree();
    let output = installation.run("uninstall");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains("--- ") && output.stderr.contains("--yes"), "{output:?}");
    assert_eq!(installation.tree(), tree);
}

/// Without the state, nothing would show that there are files to restore.
#[test]
fn purge_waits_for_protected_files_to_be_restored() {
    let installation = Installation::new();
    installation.done("install --yes --agent claude");
    let project = Project::protect(&installation.scratch, &["AGENTS.md"]);
    project.write("AGENTS.md", "mine\n");
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%1");
    let _ = window.hook("SessionStart", "s1", &json!({}));
    project.write("AGENTS.md", "the session's\n");
    let tree = installation.tree();
    let refused = installation.run("uninstall --yes --purge");
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let command = format!("baton project restore {}", project.path().display());
    assert!(refused.stderr.contains(&command), "{refused:?}");
    assert_eq!(installation.tree(), tree, "nothing was taken out");
    window.process.kill();
    assert_eq!(project.baton(&["restore"]).code, Some(0));
    installation.done("uninstall --yes --purge");
    assert!(!installation.scratch.state_dir().exists());
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
}

#[test]
fn purge_removes_the_state_and_not_the_configuration() {
    let installation = Installation::new();
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%1");
    let _ = window.hook("SessionStart", "s1", &json!({}));
    installation.write(".config/baton/config.toml", "# mine\n");
    let state = installation.scratch.state_dir();
    assert!(state.join("sessions/s1.json").exists());
    std::fs::write(state.join("theirs"), "").unwrap();
    assert_eq!(installation.run("uninstall --purge").code, Some(1), "nobody said yes");
    assert!(state.join("sessions/s1.json").exists());
    let output = installation.done("uninstall --yes --purge");
    assert!(output.stderr.contains("contains 1 session and 0 runs"), "{output:?}");
    let left: Vec<_> = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["theirs"]);
    assert!(output.stderr.contains("theirs"), "{output:?}");
    assert_eq!(installation.read(".config/baton/config.toml"), b"# mine\n");
    std::fs::remove_file(state.join("theirs")).unwrap();
    installation.done("uninstall --yes --purge");
    assert!(!state.exists());
    // The next event creates a new state.
    let _ = window.hook("SessionStart", "s2", &json!({}));
    assert!(state.join("sessions/s2.json").exists());
}
