//! Checks that each agent that asks for it trusts each entry.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use baton_agents::spec;
use baton_installer::InstallError;
use baton_installer::agent_config::{SettingsText, Trust, TrustState};
use baton_installer::agents::config;
use baton_installer::config_file::ConfigFile;
use baton_installer::locations::Locations;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let agents = installation.agents();
    let asked = agents.iter().filter_map(|(agent, _)| Some((*agent, config(*agent).trust.as_ref()?)));
    asked
        .flat_map(|(agent, trust)| {
            check_entries(installation, agent, trust).unwrap_or_else(|error| vec![Finding::failed("trust", &error)])
        })
        .collect()
}

fn check_entries(installation: &Installation, agent: Agent, trust: &Trust) -> Result<Vec<Finding>, InstallError> {
    let Some(path) = Locations::settings(agent)? else { return Ok(Vec::new()) };
    let file = ConfigFile::read(&path)?;
    let settings = SettingsText { path: &path, text: file.text() };
    let [mut trusted, mut modified, mut untrusted] = [const { Vec::new() }; 3];
    for file in installation.hooks(agent)? {
        for call in &file.calls {
            let events = match (trust.state)(&settings, &file.path, call)? {
                TrustState::Trusted => &mut trusted,
                TrustState::Modified => &mut modified,
                TrustState::Untrusted => &mut untrusted,
            };
            events.push(call.event.clone());
        }
    }
    let name = spec(agent).comm;
    let problem = |events: &[String], why: &str| {
        let what = format!("{name}: {why} on {}, so baton is not called there", events.join(", "));
        let hint = format!("{}, or run `baton install --trust`", trust.by_hand);
        (!events.is_empty()).then(|| Finding::problem("trust", what, hint))
    };
    let ok = (!trusted.is_empty()).then(|| Finding::ok("trust", format!("{name}: trusted on {}", trusted.join(", "))));
    let problems = [problem(&modified, "modified since it was trusted"), problem(&untrusted, "untrusted")];
    Ok(ok.into_iter().chain(problems.into_iter().flatten()).collect())
}
