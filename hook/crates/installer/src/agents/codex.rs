//! How Codex is configured. Measured with Codex 0.171.0.

mod settings;
mod trust_hash;
mod trust_query;

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use baton_agents::spec;

use crate::agent_config::{AgentConfig, HookFiles, HooksText, Sandbox, SettingsFile, SettingsText, Trust, TrustState};
use crate::agent_hooks::{AgentHooks, HookedEvent};
use crate::config_file::ConfigFile;
use crate::entries::{HookGroup, STOP_TIMEOUT, TIMEOUT};
use crate::error::InstallError;
use crate::find_hooks::{FoundHook, baton_calls};
use crate::hook_shape::HookShape;
use crate::json_edit;
use crate::policies::{Effect, Policies, PolicyPlaces};
use crate::receipt::Added;

/// The longest timeout that Codex accepts for SessionEnd and Interrupt, in seconds. It shortens a longer one and prints a
/// warning.
const END_TIMEOUT: u32 = 3;

/// The file of its settings, which hold the trusted hashes and the directories that its sandbox opens.
const SETTINGS: &str = "config.toml";

const HOOKS: AgentHooks = AgentHooks {
    agent: Agent::Codex,
    events: &[
        HookedEvent { name: "SessionStart", timeout: TIMEOUT },
        HookedEvent { name: "UserPromptSubmit", timeout: TIMEOUT },
        HookedEvent { name: "Stop", timeout: STOP_TIMEOUT },
        HookedEvent { name: "Interrupt", timeout: END_TIMEOUT },
        HookedEvent { name: "PermissionRequest", timeout: TIMEOUT },
        HookedEvent { name: "PreCompact", timeout: TIMEOUT },
        HookedEvent { name: "SessionEnd", timeout: END_TIMEOUT },
    ],
    starts_program: false,
    shape: HookShape {
        guarding: None,
        takes_null_event: false,
        takes_null: true,
        needs_handlers: false,
        takes_timeout: |value| value.is_u64() || value.is_null(),
        fields: &[],
        switch: None,
    },
};

pub(super) const CONFIG: AgentConfig = AgentConfig {
    hooks: HOOKS,
    files: HookFiles { shared: "hooks.json", local: None },
    spoiling_key: |file| {
        let known = |key: &&String| !matches!(key.as_str(), "hooks" | "description");
        file.as_object()?.keys().find(known).map(String::as_str)
    },
    read_policies,
    plugin,
    settings: Some(SettingsFile {
        name: SETTINGS,
        add: |text, added| settings::add(text.path, text.text, added),
        remove: |text, added| settings::remove(text.path, text.text, added),
    }),
    trust: Some(Trust {
        by_hand: "start codex and choose to trust the hooks when it asks",
        entries: trust_entries,
        state: trust_state,
    }),
    sandbox: Some(Sandbox {
        is_open: |text, dir| Some(settings::is_writable(&settings::parse(text.path, text.text).ok()?, dir)),
    }),
};

fn read_policies(policies: &mut Policies, places: &PolicyPlaces<'_>) {
    let dir = places.etc.join("codex");
    for name in ["requirements.toml", "managed_config.toml", SETTINGS] {
        read_settings(policies, &dir.join(name), true);
    }
    read_settings(policies, &places.home.join(SETTINGS), false);
    if let Some(project) = places.project {
        read_settings(policies, &project.join(spec(Agent::Codex).home_default).join(SETTINGS), false);
    }
}

fn read_settings(policies: &mut Policies, path: &Path, managed: bool) {
    let Some(text) = policies.text(path) else { return };
    let settings: toml_edit::DocumentMut = match text.parse() {
        Ok(settings) => settings,
        Err(error) => return policies.unreadable.push((path.to_owned(), error.to_string())),
    };
    let is = |item: Option<&toml_edit::Item>, value: bool| item.and_then(toml_edit::Item::as_bool) == Some(value);
    let feature = |name: &str| settings.get("features").and_then(|features| features.get(name));
    if is(feature("hooks"), false) || is(feature("codex_hooks"), false) {
        policies.add(path, "features.hooks = false", Effect::NoHooks, managed);
    }
    if managed && is(settings.get("allow_managed_hooks_only"), true) {
        policies.add(path, "allow_managed_hooks_only", Effect::ManagedHooksOnly, true);
    }
    let calls = |line: &str| !line.trim_start().starts_with('#') && line.contains("hook --agent codex");
    if managed && settings.get("hooks").is_some() && text.lines().any(calls) {
        policies.calls_baton.get_or_insert_with(|| path.to_owned());
    }
}

fn plugin(dir: &Path) -> Option<String> {
    let path = dir.join(SETTINGS);
    let document = settings::parse(&path, ConfigFile::read_text(&path).ok()??.as_str()).ok()?;
    let plugins = document.get("plugins")?.as_table_like()?;
    let is_ours = |name: &str| name.split('@').next() == Some("baton");
    let on = |item: &toml_edit::Item| item.get("enabled").and_then(toml_edit::Item::as_bool).unwrap_or(true);
    plugins.iter().find(|(name, item)| is_ours(name) && on(item)).map(|(name, _)| name.to_owned())
}

/// Returns the entries to trust: baton's, at the positions that they will have, with the hashes that Codex itself
/// computes.
fn trust_entries(program: Option<&Path>, hooks: &HooksText<'_>) -> Result<Vec<Added>, InstallError> {
    let untrusted =
        |why: String| InstallError::Untrusted { why, by_hand: "start codex: it asks whether to trust new hooks" };
    let codex = program.ok_or_else(|| untrusted("codex is not on the PATH".to_owned()))?;
    let path = path_in_keys(hooks.path);
    let value = json_edit::parse(hooks.path, hooks.text)?.unwrap_or_default();
    let calls = baton_calls(&value, &HOOKS);
    let theirs = trust_query::query_hashes(codex, hooks.text).map_err(|error| match error {
        trust_query::QueryError::Install(error) => error,
        trust_query::QueryError::NoAnswer(why) => untrusted(why),
    })?;
    let mut trusts = Vec::new();
    for event in HOOKS.events {
        let wanted = HookGroup::new(&HOOKS, event, hooks.command);
        let ours = calls.iter().find(|call| call.event == event.name && call.value == wanted.handler());
        let Some(call) = ours else { continue };
        let place = trust_hash::position_key(event.name, call.group, call.handler);
        let hash = trust_hash::handler_hash(event.name, call.matcher.as_deref(), &call.value).unwrap_or_default();
        match theirs.iter().find(|(at, _)| *at == place) {
            Some((_, found)) if *found == hash => {
                trusts.push(Added::Trust { key: format!("{}:{place}", path.display()), hash });
            }
            Some((_, found)) => return Err(untrusted(format!("Codex' own hash of {place} is {found}, not {hash}"))),
            None => return Err(untrusted(format!("Codex does not list {place}"))),
        }
    }
    Ok(trusts)
}

fn trust_state(text: &SettingsText<'_>, hooks: &Path, call: &FoundHook) -> Result<TrustState, InstallError> {
    let settings = settings::parse(text.path, text.text)?;
    let place = trust_hash::position_key(&call.event, call.group, call.handler);
    let key = format!("{}:{place}", path_in_keys(hooks).display());
    let hash = trust_hash::handler_hash(&call.event, call.matcher.as_deref(), &call.value);
    Ok(match settings::trusted(&settings, &key) {
        Some(known) if Some(known) == hash.as_deref() => TrustState::Trusted,
        Some(_) => TrustState::Modified,
        None => TrustState::Untrusted,
    })
}

/// Returns the path of a hooks.json as Codex writes it in its trust entries: if `CODEX_HOME` is set, Codex resolves
/// the symlinks in it.
fn path_in_keys(file: &Path) -> PathBuf {
    let canonical = || file.parent()?.canonicalize().ok().zip(file.file_name()).map(|(dir, name)| dir.join(name));
    let set = std::env::var_os(spec(Agent::Codex).home_variable).is_some_and(|home| !home.is_empty());
    if set { canonical().unwrap_or_else(|| file.to_owned()) } else { file.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_policies;
    use super::*;

    #[test]
    fn what_its_settings_and_the_managed_ones_say() {
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
            let managed = path.starts_with("etc");
            let expected: Vec<_> =
                expected.map(|(setting, effect)| (path, setting, effect, managed)).into_iter().collect();
            check_policies(Agent::Codex, &[(path, text)], &expected, false, 0);
        }
        check_policies(Agent::Codex, &[("etc/codex/requirements.toml", "= ")], &[], false, 1);
        let call = "[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = \"command\"\ncommand = \"baton hook --agent codex\"\n";
        check_policies(Agent::Codex, &[("etc/codex/requirements.toml", call)], &[], true, 0);
    }
}
