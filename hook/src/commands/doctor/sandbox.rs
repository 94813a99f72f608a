//! Whether the state can be written from here, and from Codex' sandbox.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::patient::Patient;
use crate::wiring::file::Source;
use crate::wiring::place::Places;
use crate::wiring::toml;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = Vec::new();
    let health = patient.store.as_ref().and_then(|store| store.health().ok());
    if health.is_some_and(|health| !health.writable) {
        let way_out = "run `baton install --writable` outside the sandbox, or make the directory writable";
        findings.push(Finding::problem("sandbox", "the state cannot be written from here", way_out));
    }
    let codex = patient.agents().iter().any(|(agent, _)| *agent == Agent::Codex);
    if codex && let Some(open) = opened(patient) {
        findings.push(if open {
            Finding::ok("sandbox", "codex: its sandboxed tools may write the state")
        } else {
            let what = "codex: its sandboxed tools cannot write the state, so the agent cannot run `baton run update`";
            Finding::note("sandbox", format!("{what}; `baton install --writable` opens it"))
        });
    }
    findings
}

fn opened(patient: &Patient) -> Option<bool> {
    let path = Places::codex_settings().ok()?;
    let document = toml::parse(&path, Source::read(&path).ok()?.text()).ok()?;
    let home = patient.home.as_ref().ok()?.path().to_str()?.to_owned();
    Some(toml::is_writable(&document, &home))
}
