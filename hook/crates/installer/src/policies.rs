//! Settings that keep an agent from running a user's hooks: those of whoever manages the machine, and Codex's feature switch.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use baton_fs::read::read_capped;
use serde_json::Value;

use super::find_hooks::baton_calls;
use super::json_edit;

/// The most that is read of one of these files, in bytes.
const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// Which hooks still run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// None.
    NoHooks,
    /// Only those in managed settings, and those of plugins that managed settings turn on.
    ManagedHooksOnly,
    /// Only those of plugins and those in managed settings.
    NoHooksInSettings,
}

/// A setting that turns hooks off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The file.
    pub path: PathBuf,
    /// The setting.
    pub setting: &'static str,
    /// What it does.
    pub effect: Effect,
    /// Whether it is the administrator's, so that the user cannot change it.
    pub managed: bool,
}

/// All that these files say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// The settings that turn hooks off.
    pub found: Vec<Policy>,
    /// The managed file that makes the agent call baton.
    pub calls_baton: Option<PathBuf>,
    /// The files that cannot be read, each with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Reads the policies of an agent. `etc` is `/etc`, `home` the agent's configuration directory, `project` the root of the project.
#[must_use]
pub fn read(agent: Agent, etc: &Path, home: &Path, project: Option<&Path>) -> Policies {
    let mut policies = Policies::default();
    match agent {
        Agent::Claude => {
            let dir = etc.join("claude-code");
            let mut files = vec![dir.join("managed-settings.json")];
            files.extend(json_files(&dir.join("managed-settings.d")));
            // What the organization's server sent last.
            files.push(home.join("remote-settings.json"));
            files.iter().for_each(|path| policies.add_claude(path));
        }
        Agent::Codex => {
            let dir = etc.join("codex");
            for name in ["requirements.toml", "managed_config.toml", "config.toml"] {
                policies.add_codex(&dir.join(name), true);
            }
            policies.add_codex(&home.join("config.toml"), false);
            if let Some(project) = project {
                policies.add_codex(&project.join(".codex/config.toml"), false);
            }
        }
    }
    policies
}

/// The files of a directory of which each adds to the managed settings, in their order.
fn json_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

impl Policies {
    /// The text of a file; `None` if there is no such file or it cannot be read.
    fn text(&mut self, path: &Path) -> Option<String> {
        let bytes = match File::open(path).and_then(|file| read_capped(file, MAX_POLICY_BYTES)) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return None,
            Err(error) => {
                self.unreadable.push((path.to_owned(), error.to_string()));
                return None;
            }
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn add(&mut self, path: &Path, setting: &'static str, effect: Effect, managed: bool) {
        self.found.push(Policy { path: path.to_owned(), setting, effect, managed });
    }

    fn add_claude(&mut self, path: &Path) {
        let Some(text) = self.text(path) else { return };
        let settings = match json_edit::parse(path, &text) {
            Ok(settings) => settings.unwrap_or_default(),
            Err(error) => return self.unreadable.push((path.to_owned(), error.to_string())),
        };
        let is_set = |name: &str| settings.get(name) == Some(&Value::Bool(true));
        if is_set("disableAllHooks") {
            self.add(path, "disableAllHooks", Effect::NoHooks, true);
        }
        if is_set("allowManagedHooksOnly") {
            self.add(path, "allowManagedHooksOnly", Effect::ManagedHooksOnly, true);
        }
        let strict = "strictPluginOnlyCustomization";
        let names_hooks =
            |value: &Value| value.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "hooks"));
        if is_set(strict) || settings.get(strict).is_some_and(names_hooks) {
            self.add(path, strict, Effect::NoHooksInSettings, true);
        }
        let plugins = settings.get("enabledPlugins").and_then(Value::as_object).into_iter().flatten();
        let by_plugin = plugins.into_iter().any(|(name, on)| name.starts_with("baton@") && on.as_bool() == Some(true));
        if by_plugin || !baton_calls(&settings, Agent::Claude).is_empty() {
            self.calls_baton.get_or_insert_with(|| path.to_owned());
        }
    }

    fn add_codex(&mut self, path: &Path, managed: bool) {
        let Some(text) = self.text(path) else { return };
        let settings: toml_edit::DocumentMut = match text.parse() {
            Ok(settings) => settings,
            Err(error) => return self.unreadable.push((path.to_owned(), error.to_string())),
        };
        let is = |item: Option<&toml_edit::Item>, value: bool| item.and_then(toml_edit::Item::as_bool) == Some(value);
        let feature = |name: &str| settings.get("features").and_then(|features| features.get(name));
        if is(feature("hooks"), false) || is(feature("codex_hooks"), false) {
            self.add(path, "features.hooks = false", Effect::NoHooks, managed);
        }
        if managed && is(settings.get("allow_managed_hooks_only"), true) {
            self.add(path, "allow_managed_hooks_only", Effect::ManagedHooksOnly, true);
        }
        let calls = |line: &str| !line.trim_start().starts_with('#') && line.contains("hook --agent codex");
        if managed && settings.get("hooks").is_some() && text.lines().any(calls) {
            self.calls_baton.get_or_insert_with(|| path.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        agent: Agent,
        files: &[(&str, &str)],
        expected: &[(&str, &str, Effect)],
        calls_baton: bool,
        unreadable: usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let at = |name: &str| dir.path().join(name);
        let policies = read(agent, &at("etc"), &at("home"), Some(&at("project")));
        let found: Vec<_> = policies
            .found
            .iter()
            .map(|policy| {
                (policy.path.strip_prefix(dir.path()).unwrap().to_str().unwrap(), policy.setting, policy.effect)
            })
            .collect();
        assert_eq!(found, expected, "{files:?}");
        assert_eq!((policies.calls_baton.is_some(), policies.unreadable.len()), (calls_baton, unreadable), "{files:?}");
        assert!(
            policies.found.iter().all(|it| it.managed == (it.path.starts_with(at("etc")) || agent == Agent::Claude))
        );
    }

    #[test]
    fn of_claude() {
        const FILE: &str = "etc/claude-code/managed-settings.json";
        let managed = |text: &str, expected: &[(&str, Effect)], calls_baton: bool, unreadable: usize| {
            let expected: Vec<_> = expected.iter().map(|(setting, effect)| (FILE, *setting, *effect)).collect();
            check(Agent::Claude, &[(FILE, text)], &expected, calls_baton, unreadable);
        };
        check(Agent::Claude, &[], &[], false, 0);
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
            let expected = [(path, "disableAllHooks", Effect::NoHooks)];
            check(Agent::Claude, &[(path, r#"{"disableAllHooks":true}"#)], &expected, false, 0);
        }
    }

    #[test]
    fn of_codex() {
        let off = "features.hooks = false";
        for (path, text, expected) in [
            (
                "etc/codex/requirements.toml",
                "allow_managed_hooks_only = true",
                Some(("allow_managed_hooks_only", Effect::ManagedHooksOnly)),
            ),
            ("etc/codex/requirements.toml", "[features]\nhooks = false", Some((off, Effect::NoHooks))),
            ("etc/codex/managed_config.toml", "[features]\ncodex_hooks = false", Some((off, Effect::NoHooks))),
            ("etc/codex/config.toml", "features = { hooks = false }", Some((off, Effect::NoHooks))),
            ("etc/codex/config.toml", "[features]\nhooks = true", None),
            ("home/config.toml", "[features]\nhooks = false", Some((off, Effect::NoHooks))),
            ("home/config.toml", "allow_managed_hooks_only = true", None),
            ("project/.codex/config.toml", "[features]\nhooks = false", Some((off, Effect::NoHooks))),
        ] {
            let expected: Vec<_> = expected.map(|(setting, effect)| (path, setting, effect)).into_iter().collect();
            check(Agent::Codex, &[(path, text)], &expected, false, 0);
        }
        check(Agent::Codex, &[("etc/codex/requirements.toml", "= ")], &[], false, 1);
        let call = "[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = \"command\"\ncommand = \"baton hook --agent codex\"\n";
        check(Agent::Codex, &[("etc/codex/requirements.toml", call)], &[], true, 0);
    }
}
