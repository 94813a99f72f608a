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
    let [mut trusted, mut modified, mut untrusted] = [const { Vec::new() }; 3];
    for file in installation.hooks(Agent::Codex)? {
        for call in &file.calls {
            let place = codex_trust::position_key(&call.event, call.group, call.handler);
            let key = format!("{}:{place}", codex_path(&file.path).display());
            let hash = codex_trust::handler_hash(&call.event, call.matcher.as_deref(), &call.value);
            let events = match codex_settings::trusted(&settings, &key) {
                Some(known) if Some(known) == hash.as_deref() => &mut trusted,
                Some(_) => &mut modified,
                None => &mut untrusted,
            };
            events.push(call.event.clone());
        }
    }
    let problem = |events: &[String], why: &str| {
        let what = format!("codex: {why} on {}, so baton is not called there", events.join(", "));
        (!events.is_empty()).then(|| Finding::problem("trust", what, TRUST_HINT))
    };
    let ok = (!trusted.is_empty()).then(|| Finding::ok("trust", format!("codex: trusted on {}", trusted.join(", "))));
    let problems = [problem(&modified, "modified since it was trusted"), problem(&untrusted, "untrusted")];
    Ok(ok.into_iter().chain(problems.into_iter().flatten()).collect())
}

const TRUST_HINT: &str = "start codex and trust it when asked, or run `baton install --trust`";
