//! Checks that the state can be written from here, and from Codex' sandbox.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use baton_installer::codex_settings;
use baton_installer::config_file::ConfigFile;
use baton_installer::locations::Locations;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let mut findings = Vec::new();
    let health = installation.store.as_ref().and_then(|store| store.health().ok());
    if health.is_some_and(|health| !health.writable) {
        let hint = "run `baton install --writable` outside the sandbox, or make the directory writable";
        findings.push(Finding::problem("sandbox", "the state cannot be written from here", hint));
    }
    let codex = installation.agents().iter().any(|(agent, _)| *agent == Agent::Codex);
    if codex && let Some(open) = is_writable_by_codex(installation) {
        findings.push(if open {
            Finding::ok("sandbox", "codex: its sandboxed tools may write the state")
        } else {
            let what = "codex: its sandboxed tools cannot write the state, so the agent cannot run `baton run update`";
            Finding::note("sandbox", format!("{what}; `baton install --writable` allows it"))
        });
    }
    findings
}

fn is_writable_by_codex(installation: &Installation) -> Option<bool> {
    let path = Locations::codex_settings().ok()?;
    let document = codex_settings::parse(&path, ConfigFile::read(&path).ok()?.text()).ok()?;
    let home = installation.home.as_ref().ok()?.path().to_str()?.to_owned();
    Some(codex_settings::is_writable(&document, &home))
}
