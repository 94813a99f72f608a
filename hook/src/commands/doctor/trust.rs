//! Checks that Codex trusts each entry.

use agent_baton_core::agent::Agent;

use super::finding::Finding;
use super::installation::Installation;
use crate::commands::install::codex_path;
use baton_installer::config_file::ConfigFile;
use baton_installer::locations::Locations;
use baton_installer::{InstallError, codex_settings, codex_trust};

pub fn check(installation: &Installation) -> Vec<Finding> {
    if !installation.agents().iter().any(|(agent, _)| *agent == Agent::Codex) {
        return Vec::new();
    }
    match check_entries(installation) {
        Ok(findings) => findings,
        Err(error) => vec![Finding::failed("trust", &error)],
    }
}

fn check_entries(installation: &Installation) -> Result<Vec<Finding>, InstallError> {
    let path = Locations::codex_settings()?;
    let settings = codex_settings::parse(&path, ConfigFile::read(&path)?.text())?;
    let mut findings = Vec::new();
    for file in installation.hooks(Agent::Codex)? {
        for call in &file.calls {
            let place = codex_trust::position_key(&call.event, call.group, call.handler);
            let key = format!("{}:{place}", codex_path(&file.path).display());
            let hash = codex_trust::handler_hash(&call.event, call.matcher.as_deref(), &call.value);
            findings.push(match codex_settings::trusted(&settings, &key) {
                Some(trusted) if Some(trusted) == hash.as_deref() => {
                    Finding::ok("trust", format!("codex {}: trusted", call.event))
                }
                Some(_) => Finding::problem(
                    "trust",
                    format!("codex {}: modified since it was trusted, so it does not run", call.event),
                    TRUST_HINT,
                ),
                None => Finding::problem(
                    "trust",
                    format!("codex {}: untrusted, so it does not run", call.event),
                    TRUST_HINT,
                ),
            });
        }
    }
    Ok(findings)
}

const TRUST_HINT: &str = "start codex and trust it when asked, or run `baton install --trust`";
