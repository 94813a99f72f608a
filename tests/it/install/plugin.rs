//! The plugin packages call baton on the same events, and with the same words, as `baton install`.

use std::fs;

use agent_baton_tests::Installation;
use agent_baton_tests::program::workspace;
use serde_json::Value;

fn read(path: &str) -> Value {
    let text = fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn hooks_are_those_of_a_project() {
    let installation = Installation::new();
    fs::create_dir_all(installation.at("work/.git")).unwrap();
    installation.done("install --yes --scope project");
    for (agent, installed) in [("claude", "work/.claude/settings.json"), ("codex", "work/.codex/hooks.json")] {
        let installed: Value = serde_json::from_slice(&installation.read(installed)).unwrap();
        assert_eq!(read(&format!("plugin/{agent}/hooks/hooks.json")), installed, "{agent}");
    }
}

#[test]
fn manifests_are_of_this_version() {
    for path in ["plugin/claude/.claude-plugin/plugin.json", "plugin/codex/.codex-plugin/plugin.json"] {
        let manifest = read(path);
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "{path}");
        assert_eq!(manifest["name"], "baton");
        // Both clients load hooks/hooks.json by themselves, and refuse a manifest that names it.
        assert!(manifest.get("hooks").is_none(), "{path}");
    }
}

#[test]
fn the_marketplace_leads_to_the_plugin() {
    let marketplace = read(".claude-plugin/marketplace.json");
    let source = marketplace["plugins"][0]["source"].as_str().unwrap();
    assert!(workspace().join(source).join(".claude-plugin/plugin.json").is_file(), "{source}");
}

#[test]
fn a_user_starts_the_commands_and_they_call_what_there_is() {
    let installation = Installation::new();
    for name in ["loop", "cancel", "pause", "continue", "status"] {
        let read = |path: String| {
            fs::read_to_string(workspace().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let command = read(format!("plugin/claude/commands/{name}.md"));
        assert!(command.contains("disable-model-invocation: true\n"), "{name}: a model could start it by itself");
        assert!(command.contains("$ARGUMENTS"), "{name}");
        let skill = read(format!("plugin/codex/skills/{name}/SKILL.md"));
        assert!(skill.starts_with(&format!("---\nname: {name}\n")), "{name}");
        let policy = read(format!("plugin/codex/skills/{name}/agents/openai.yaml"));
        assert!(policy.contains("allow_implicit_invocation: false"), "{name}: a model could start it by itself");
        for text in [command, skill] {
            for words in text.split('`').filter(|words| words.starts_with("baton ")) {
                let known = words.split(' ').skip(1).take(2).chain(["--help"]).collect::<Vec<_>>().join(" ");
                let help = installation.done(&known).stdout;
                for flag in words.split(' ').filter(|word| word.starts_with("--")) {
                    assert!(help.contains(flag), "{name}: {words}");
                }
            }
        }
    }
}
