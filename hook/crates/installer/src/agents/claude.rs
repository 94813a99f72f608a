//! How Claude Code is configured. Measured with Claude Code 2.1.332.

use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use serde_json::Value;

use crate::agent_config::{AgentConfig, HookFiles};
use crate::agent_hooks::{AgentHooks, HookedEvent};
use crate::config_file::ConfigFile;
use crate::entries::{STOP_TIMEOUT, TIMEOUT};
use crate::find_hooks::baton_calls;
use crate::hook_shape::{Field, HookShape};
use crate::json_edit;
use crate::policies::{Effect, Policies, PolicyPlaces};

const HOOKS: AgentHooks = AgentHooks {
    agent: Agent::Claude,
    events: &[
        HookedEvent { name: "SessionStart", timeout: TIMEOUT },
        HookedEvent { name: "UserPromptSubmit", timeout: TIMEOUT },
        HookedEvent { name: "Stop", timeout: STOP_TIMEOUT },
        HookedEvent { name: "StopFailure", timeout: TIMEOUT },
        HookedEvent { name: "Notification", timeout: TIMEOUT },
        HookedEvent { name: "PreCompact", timeout: TIMEOUT },
        HookedEvent { name: "SessionEnd", timeout: TIMEOUT },
    ],
    // The path needs no quotes, and the hook's parent is the agent itself.
    starts_program: true,
    shape: HookShape {
        // A hook that it cannot read may guard what the file permits. In all other events it costs its own entry.
        guarding: Some(&["PreToolUse", "PermissionRequest"]),
        takes_null_event: true,
        takes_null: false,
        needs_handlers: true,
        takes_timeout: |value| value.as_f64().is_some_and(|seconds| seconds > 0.0),
        fields: &[
            Field { name: "asyncRewake", shown: "asyncRewake", takes: Value::is_boolean },
            Field { name: "once", shown: "once", takes: Value::is_boolean },
            Field { name: "if", shown: "if", takes: Value::is_string },
            Field { name: "args", shown: "args", takes: Value::is_array },
            Field {
                name: "shell",
                shown: "the shell",
                takes: |value| matches!(value.as_str(), Some("bash" | "powershell")),
            },
        ],
        switch: Some("disableAllHooks"),
    },
};

pub(super) const CONFIG: AgentConfig = AgentConfig {
    hooks: HOOKS,
    files: HookFiles { shared: "settings.json", local: Some("settings.local.json") },
    spoiling_key: |_| None,
    read_policies,
    plugin,
    settings: None,
    trust: None,
    sandbox: None,
};

fn read_policies(policies: &mut Policies, places: &PolicyPlaces<'_>) {
    let dir = places.etc.join("claude-code");
    let mut files = vec![dir.join("managed-settings.json")];
    files.extend(json_files(&dir.join("managed-settings.d")));
    // What the organization's server sent last.
    files.push(places.home.join("remote-settings.json"));
    files.iter().for_each(|path| read_managed(policies, path));
}

/// The files of a directory of which each adds to the managed settings, in their order.
fn json_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

fn read_managed(policies: &mut Policies, path: &Path) {
    let Some(text) = policies.text(path) else { return };
    let settings = match json_edit::parse(path, &text) {
        Ok(settings) => settings.unwrap_or_default(),
        Err(error) => return policies.unreadable.push((path.to_owned(), error.to_string())),
    };
    let is_set = |name: &str| settings.get(name) == Some(&Value::Bool(true));
    if is_set("disableAllHooks") {
        policies.add(path, "disableAllHooks", Effect::NoHooks, true);
    }
    if is_set("allowManagedHooksOnly") {
        policies.add(path, "allowManagedHooksOnly", Effect::ManagedHooksOnly, true);
    }
    let strict = "strictPluginOnlyCustomization";
    let names_hooks = |value: &Value| value.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "hooks"));
    if is_set(strict) || settings.get(strict).is_some_and(names_hooks) {
        policies.add(path, strict, Effect::NoHooksInSettings, true);
    }
    if enabled_plugin(&settings).is_some() || !baton_calls(&settings, &HOOKS).is_empty() {
        policies.calls_baton.get_or_insert_with(|| path.to_owned());
    }
}

fn plugin(dir: &Path) -> Option<String> {
    let path = dir.join("settings.json");
    let settings = json_edit::parse(&path, ConfigFile::read_text(&path).ok()??.as_str()).ok()??;
    enabled_plugin(&settings)
}

fn enabled_plugin(settings: &Value) -> Option<String> {
    let enabled = settings.get("enabledPlugins")?.as_object()?;
    let is_ours = |name: &str| name.split('@').next() == Some("baton");
    enabled.iter().find(|(name, on)| is_ours(name) && on.as_bool() == Some(true)).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{check_policies, check_shape};
    use super::*;

    const FILE: &str = "etc/claude-code/managed-settings.json";

    fn managed(text: &str, expected: &[(&str, Effect)], calls_baton: bool, unreadable: usize) {
        let expected: Vec<_> = expected.iter().map(|(setting, effect)| (FILE, *setting, *effect, true)).collect();
        check_policies(Agent::Claude, &[(FILE, text)], &expected, calls_baton, unreadable);
    }

    #[test]
    fn what_managed_settings_say() {
        check_policies(Agent::Claude, &[], &[], false, 0);
        managed("{}", &[], false, 0);
        managed("", &[], false, 0);
        managed("{", &[], false, 1);
        managed(r#"{"disableAllHooks":true}"#, &[("disableAllHooks", Effect::NoHooks)], false, 0);
        managed(r#"{"disableAllHooks":false,"allowManagedHooksOnly":null}"#, &[], false, 0);
        managed(r#"{"allowManagedHooksOnly":true}"#, &[("allowManagedHooksOnly", Effect::ManagedHooksOnly)], false, 0);
        let strict = [("strictPluginOnlyCustomization", Effect::NoHooksInSettings)];
        managed(r#"{"strictPluginOnlyCustomization":true}"#, &strict, false, 0);
        managed(r#"{"strictPluginOnlyCustomization":["hooks"]}"#, &strict, false, 0);
        managed(r#"{"strictPluginOnlyCustomization":["skills"]}"#, &[], false, 0);
        managed(r#"{"enabledPlugins":{"baton@market":true}}"#, &[], true, 0);
        managed(r#"{"enabledPlugins":{"baton@market":false}}"#, &[], false, 0);
        let call = r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"/x/baton hook --agent claude"}]}]}}"#;
        managed(call, &[], true, 0);
        for path in ["etc/claude-code/managed-settings.d/10-hooks.json", "home/remote-settings.json"] {
            let expected = [(path, "disableAllHooks", Effect::NoHooks, true)];
            check_policies(Agent::Claude, &[(path, r#"{"disableAllHooks":true}"#)], &expected, false, 0);
        }
    }

    #[test]
    fn what_costs_the_whole_file() {
        check_shape(Agent::Claude, &json!({"hooks": {"PostToolUse": {}}}), None);
        for value in [json!("true"), json!(null), json!(1)] {
            check_shape(Agent::Claude, &json!({"disableAllHooks": value}), Some("disableAllHooks"));
        }
        check_shape(Agent::Claude, &json!({"disableAllHooks": false}), None);
    }
}
