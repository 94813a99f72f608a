//! Checks that each agent calls baton on each event, exactly once.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use baton_agents::spec;
use baton_installer::codex_settings;
use baton_installer::config_file::ConfigFile;
use baton_installer::entries::events;
use baton_installer::find_hooks::FoundHook;
use baton_installer::locations::Locations;

pub fn check(installation: &Installation) -> Vec<Finding> {
    installation.agents().iter().map(|(agent, _)| check_one(installation, *agent)).collect()
}

fn check_one(installation: &Installation, agent: Agent) -> Finding {
    let name = spec(agent).comm;
    let files = match installation.hooks(agent) {
        Ok(files) => files,
        Err(error) => return Finding::failed("entries", &error),
    };
    let install = format!("run `baton install --agent {name}`");
    if files.iter().any(|file| file.value.get("disableAllHooks").and_then(serde_json::Value::as_bool) == Some(true)) {
        return Finding::problem(
            "entries",
            format!("{name}: disableAllHooks is set"),
            "remove that key from its settings",
        );
    }
    let calls: Vec<&FoundHook> = files.iter().flat_map(|file| &file.calls).collect();
    let plugin = plugin(agent);
    if let Some(plugin) = &plugin
        && !calls.is_empty()
    {
        let what = format!("{name}: both the plugin {plugin} and an entry in its settings call baton");
        return Finding::problem("entries", what, "keep one: disable the plugin, or run `baton uninstall`");
    }
    if let Some(plugin) = plugin {
        return Finding::ok("entries", format!("{name}: the plugin {plugin} calls baton"));
    }
    let count = |event: &str| calls.iter().filter(|call| call.event == event).count();
    let missing: Vec<&str> = events(agent).iter().copied().filter(|event| count(event) == 0).collect();
    let doubled: Vec<&str> = events(agent).iter().copied().filter(|event| count(event) > 1).collect();
    let paths = || files.iter().filter(|file| !file.calls.is_empty()).map(|file| file.path.display().to_string());
    if missing.len() == events(agent).len() {
        return Finding::problem("entries", format!("{name}: does not call baton"), install);
    }
    if !missing.is_empty() {
        return Finding::problem("entries", format!("{name}: does not call baton on {}", missing.join(", ")), install);
    }
    if !doubled.is_empty() {
        let paths = paths().collect::<Vec<_>>().join(" and ");
        let what = format!("{name}: calls baton more than once on {} ({paths})", doubled.join(", "));
        return Finding::problem("entries", what, "remove all but one of these entries");
    }
    Finding::ok(
        "entries",
        format!("{name}: calls baton on {} events ({})", events(agent).len(), paths().collect::<Vec<_>>().join(", ")),
    )
}

/// Returns baton's plugin, if it is enabled.
pub fn plugin(agent: Agent) -> Option<String> {
    let ours = |name: &str| name.split('@').next() == Some("baton");
    match agent {
        Agent::Claude => {
            let path = Locations::detect_agent(agent).ok()?.dir.join("settings.json");
            let value = baton_installer::json_edit::parse(&path, ConfigFile::read(&path).ok()?.text()).ok()??;
            let enabled = value.get("enabledPlugins")?.as_object()?;
            enabled.iter().find(|(name, on)| ours(name) && on.as_bool() == Some(true)).map(|(name, _)| name.clone())
        }
        Agent::Codex => {
            let path = Locations::codex_settings().ok()?;
            let document = codex_settings::parse(&path, ConfigFile::read(&path).ok()?.text()).ok()?;
            let plugins = document.get("plugins")?.as_table_like()?;
            let on = |item: &toml_edit::Item| item.get("enabled").and_then(toml_edit::Item::as_bool).unwrap_or(true);
            plugins.iter().find(|(name, item)| ours(name) && on(item)).map(|(name, _)| name.to_owned())
        }
    }
}
