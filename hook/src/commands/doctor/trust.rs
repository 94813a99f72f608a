//! Whether Codex trusts each entry.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::patient::Patient;
use crate::commands::install::codex_path;
use crate::wiring::file::Source;
use crate::wiring::place::Places;
use crate::wiring::{WiringError, toml, trust};

pub fn check(patient: &Patient) -> Vec<Finding> {
    if !patient.agents().iter().any(|(agent, _)| *agent == Agent::Codex) {
        return Vec::new();
    }
    match look(patient) {
        Ok(findings) => findings,
        Err(error) => vec![Finding::failed("trust", &error)],
    }
}

fn look(patient: &Patient) -> Result<Vec<Finding>, WiringError> {
    let path = Places::codex_settings()?;
    let settings = toml::parse(&path, Source::read(&path)?.text())?;
    let mut findings = Vec::new();
    for file in patient.hooks(Agent::Codex)? {
        for call in &file.calls {
            let place = trust::place(&call.event, call.group, call.handler);
            let key = format!("{}:{place}", codex_path(&file.path).display());
            let hash = trust::hash(&call.event, call.matcher.as_deref(), &call.value);
            findings.push(match toml::trusted(&settings, &key) {
                Some(trusted) if Some(trusted) == hash.as_deref() => {
                    Finding::ok("trust", format!("codex {}: trusted", call.event))
                }
                Some(_) => Finding::problem(
                    "trust",
                    format!("codex {}: modified since it was trusted, so it does not run", call.event),
                    WAY_OUT,
                ),
                None => {
                    Finding::problem("trust", format!("codex {}: untrusted, so it does not run", call.event), WAY_OUT)
                }
            });
        }
    }
    Ok(findings)
}

const WAY_OUT: &str = "start codex and trust it when asked, or run `baton install --trust`";
