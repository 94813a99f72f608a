//! Checks that each agent calls baton on each event, exactly once.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::{HooksFile, Installation};
use baton_agents::spec;
use baton_installer::codex_settings;
use baton_installer::config_file::ConfigFile;
use baton_installer::entries::events;
use baton_installer::find_hooks::{FoundHook, Obstacle};
use baton_installer::hook_shape::spoiled_at;
use baton_installer::locations::Locations;
use baton_installer::policies::{Effect, Policies, Policy};

pub fn check(installation: &Installation) -> Vec<Finding> {
    let agents = installation.agents();
    let unreadable =
        agents.iter().flat_map(|(agent, _)| installation.policies(*agent).unreadable).map(|(path, why)| {
            let what =
                format!("{} cannot be read ({why}), so it is not known whether it turns hooks off", path.display());
            Finding::note("entries", what)
        });
    agents.iter().map(|(agent, _)| check_one(installation, *agent)).chain(unreadable).collect()
}

fn check_one(installation: &Installation, agent: Agent) -> Finding {
    let name = spec(agent).comm;
    let files = match installation.hooks(agent) {
        Ok(files) => files,
        Err(error) => return Finding::failed("entries", &error),
    };
    let install = format!("run `baton install --agent {name}`");
    let sets = |file: &&HooksFile| file.value.get("disableAllHooks") == Some(&serde_json::Value::Bool(true));
    if let Some(file) = files.iter().find(sets) {
        let path = file.path.display();
        return Finding::problem(
            "entries",
            format!("{name}: {path} sets disableAllHooks, so no hook runs"),
            "take that out of the file",
        );
    }
    let plugin = plugin(agent);
    let policies = installation.policies(agent);
    if let Some(policy) = silencing(&policies, plugin.is_some()) {
        return policy_finding(name, policy);
    }
    if let Some(path) = &policies.calls_baton {
        return Finding::ok("entries", format!("{name}: by the managed settings {}", path.display()));
    }
    for file in files.iter().filter(|file| !file.calls.is_empty()) {
        if let Some(place) = spoiled_at(&file.value, agent) {
            let path = file.path.display();
            let what = format!("{name}: {place} has a value that {name} does not take, so it ignores all of {path}");
            return Finding::problem("entries", what, "correct that value, or take it out");
        }
    }
    let calls: Vec<&FoundHook> = files.iter().flat_map(|file| &file.calls).collect();
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
    let obstacles = obstacles(&calls);
    if !obstacles.is_empty() {
        let what = format!("{name}: does not always call baton, or does not use its answer: {}", obstacles.join("; "));
        return Finding::problem("entries", what, "take that out of the entries");
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

/// Returns what keeps the agent from calling baton, with the events that it concerns.
fn obstacles(calls: &[&FoundHook]) -> Vec<String> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for call in calls {
        let why = match &call.obstacle {
            None => continue,
            Some(Obstacle::MatcherType) => "the matcher is not a string".to_owned(),
            Some(Obstacle::Matcher(matcher)) => format!("the matcher {matcher:?} lets only some of the events through"),
            Some(Obstacle::Type) => "the type is not \"command\"".to_owned(),
            Some(Obstacle::Field(field)) => format!("{field} has a value for which the entry is ignored"),
            Some(Obstacle::Condition) => "it has an `if`, which this event never meets".to_owned(),
            Some(Obstacle::Async) => "it is asynchronous".to_owned(),
        };
        match found.iter_mut().find(|(other, _)| *other == why) {
            Some((_, events)) => events.push(&call.event),
            None => found.push((why, vec![&call.event])),
        }
    }
    found.into_iter().map(|(why, events)| format!("on {} {why}", events.join(", "))).collect()
}

/// Returns the policy that keeps baton from being called.
fn silencing(policies: &Policies, by_plugin: bool) -> Option<&Policy> {
    let managed = policies.calls_baton.is_some();
    policies.found.iter().find(|policy| match policy.effect {
        Effect::NoHooks => true,
        Effect::ManagedHooksOnly => !managed,
        Effect::NoHooksInSettings => !managed && !by_plugin,
    })
}

fn policy_finding(name: &str, policy: &Policy) -> Finding {
    let (setting, path) = (policy.setting, policy.path.display());
    if policy.managed {
        let what = format!("{name}: the managed settings {path} set {setting}, so none of your hooks runs");
        let hint = "you cannot change that; ask whoever manages this machine to allow baton's hooks";
        Finding::problem("entries", what, hint)
    } else {
        let what = format!("{name}: {path} sets {setting}, so no hook runs");
        Finding::problem("entries", what, "take that out of the file")
    }
}

/// Returns baton's plugin, if it is enabled.
pub fn plugin(agent: Agent) -> Option<String> {
    let ours = |name: &str| name.split('@').next() == Some("baton");
    match agent {
        Agent::Claude => {
            let path = Locations::detect_agent(agent).ok()?.dir.join("settings.json");
            let value =
                baton_installer::json_edit::parse(&path, ConfigFile::read_text(&path).ok()??.as_str()).ok()??;
            let enabled = value.get("enabledPlugins")?.as_object()?;
            enabled.iter().find(|(name, on)| ours(name) && on.as_bool() == Some(true)).map(|(name, _)| name.clone())
        }
        Agent::Codex => {
            let path = Locations::codex_settings().ok()?;
            let document = codex_settings::parse(&path, ConfigFile::read_text(&path).ok()??.as_str()).ok()?;
            let plugins = document.get("plugins")?.as_table_like()?;
            let on = |item: &toml_edit::Item| item.get("enabled").and_then(toml_edit::Item::as_bool).unwrap_or(true);
            plugins.iter().find(|(name, item)| ours(name) && on(item)).map(|(name, _)| name.to_owned())
        }
    }
}
