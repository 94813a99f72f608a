//! Checks that the state can be written from here, and from the sandbox of an agent's tools.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use baton_agents::spec;
use baton_installer::agent_config::SettingsText;
use baton_installer::agents::config;
use baton_installer::config_file::ConfigFile;
use baton_installer::locations::Locations;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let mut findings = Vec::new();
    let health = installation.store.as_ref().and_then(|store| store.health().ok());
    if health.is_some_and(|health| !health.writable) {
        let hint = "run `baton install --writable` outside the sandbox, or make the directory writable";
        findings.push(Finding::problem("sandbox", "the state cannot be written from here", hint));
    }
    for (agent, _) in installation.agents() {
        let name = spec(agent).comm;
        findings.extend(is_open(installation, agent).map(|open| {
            if open {
                Finding::ok("sandbox", format!("{name}: its sandboxed tools may write the state"))
            } else {
                let what = "its sandboxed tools cannot write the state, so the agent cannot run `baton run update`";
                Finding::note("sandbox", format!("{name}: {what}; `baton install --writable` allows it"))
            }
        }));
    }
    findings
}

/// Returns whether the sandbox of an agent's tools is open for the state. `None` if it has no sandbox, or if that is unknown.
fn is_open(installation: &Installation, agent: Agent) -> Option<bool> {
    let sandbox = config(agent).sandbox.as_ref()?;
    let path = Locations::settings(agent).ok()??;
    let file = ConfigFile::read(&path).ok()?;
    let home = installation.home.as_ref().ok()?.path().to_str()?;
    (sandbox.is_open)(&SettingsText { path: &path, text: file.text() }, home)
}
