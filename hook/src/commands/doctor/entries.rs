//! Checks that each agent calls baton on each event, exactly once.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use baton_agents::spec;
use baton_installer::agent_hooks::AgentHooks;
use baton_installer::agents::config;
use baton_installer::find_hooks::{FoundHook, Obstacle};
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
    let AgentHooks { events, shape, .. } = &config(agent).hooks;
    let sets = |switch: &&str| files.iter().find(|file| file.value.get(switch) == Some(&serde_json::Value::Bool(true)));
    if let Some((switch, file)) = shape.switch.and_then(|switch| Some((switch, sets(&switch)?))) {
        let path = file.path.display();
        return Finding::problem(
            "entries",
            format!("{name}: {path} sets {switch}, so no hook runs"),
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
        if let Some(place) = shape.spoiled_at(&file.value) {
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
    let missing: Vec<&str> = events.iter().map(|event| event.name).filter(|event| count(event) == 0).collect();
    let doubled: Vec<&str> = events.iter().map(|event| event.name).filter(|event| count(event) > 1).collect();
    let paths = || files.iter().filter(|file| !file.calls.is_empty()).map(|file| file.path.display().to_string());
    if missing.len() == events.len() {
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
        format!("{name}: calls baton on {} events ({})", events.len(), paths().collect::<Vec<_>>().join(", ")),
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
    (config(agent).plugin)(&Locations::detect_agent(agent).ok()?.dir)
}
