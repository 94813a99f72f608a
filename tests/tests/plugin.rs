//! The plugin packages call baton on the events, and in the words, of `baton install`.

use std::fs;

use agent_baton_tests::Person;
use agent_baton_tests::program::workspace;
use serde_json::Value;

fn read(path: &str) -> Value {
    let text = fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn hooks_are_those_of_a_project() {
    let person = Person::new();
    fs::create_dir_all(person.at("work/.git")).unwrap();
    person.done("install --yes --scope project");
    for (agent, installed) in [("claude", "work/.claude/settings.json"), ("codex", "work/.codex/hooks.json")] {
        let installed: Value = serde_json::from_slice(&person.read(installed)).unwrap();
        assert_eq!(read(&format!("plugin/{agent}/hooks/hooks.json")), installed, "{agent}");
    }
}

#[test]
fn manifests_are_of_this_version() {
    for path in ["plugin/claude/.claude-plugin/plugin.json", "plugin/codex/.codex-plugin/plugin.json"] {
        let manifest = read(path);
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "{path}");
        assert_eq!(manifest["name"], "baton");
        // Both clients load hooks/hooks.json by themselves, and refuse to be told of it.
        assert!(manifest.get("hooks").is_none(), "{path}");
    }
}

#[test]
fn the_marketplace_leads_to_the_plugin() {
    let marketplace = read(".claude-plugin/marketplace.json");
    let source = marketplace["plugins"][0]["source"].as_str().unwrap();
    assert!(workspace().join(source).join(".claude-plugin/plugin.json").is_file(), "{source}");
}
