//! Looks for other programs that keep an agent working from its `Stop` hook: two of them in one session conflict.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use baton_agents::spec;
use baton_installer::agents::config;
use baton_installer::entries::calls_baton;
use baton_installer::find_hooks;

/// Parts of the names of known loop programs.
const LOOP_NAMES: [&str; 4] = ["ralph", "stop-hook", "stop_hook", "loop"];

pub fn check(installation: &Installation) -> Vec<Finding> {
    let mut found = Vec::new();
    for (agent, _) in installation.agents() {
        for file in installation.hooks(agent).unwrap_or_default() {
            found.extend(handlers(&file.value, agent));
            let plugins = file.value.get("enabledPlugins").and_then(serde_json::Value::as_object).into_iter().flatten();
            let on = plugins.filter(|(name, on)| on.as_bool() == Some(true) && is_loop(name));
            found.extend(on.map(|(name, _)| format!("{}: the plugin {name}", spec(agent).comm)));
        }
    }
    if found.is_empty() {
        return vec![Finding::ok("loops", "no other Stop hook loops are configured here")];
    }
    let hint = "use only one of them in a session, because both keep the agent working";
    found
        .into_iter()
        .map(|name| Finding::note("loops", format!("another loop uses a Stop hook: {name}; {hint}")))
        .collect()
}

fn handlers(file: &serde_json::Value, agent: Agent) -> Vec<String> {
    let stop = find_hooks::handlers(file, &config(agent).hooks.shape)
        .into_iter()
        .filter(|found| found.event == "Stop" && !calls_baton(&found.value, agent));
    let command =
        stop.filter_map(|found| found.value.get("command").and_then(|command| command.as_str()).map(str::to_owned));
    command.filter(|command| is_loop(command)).map(|command| format!("{}: {command}", spec(agent).comm)).collect()
}

fn is_loop(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LOOP_NAMES.iter().any(|word| name.contains(word))
}
