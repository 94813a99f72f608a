//! Checks baton's own configuration file.

use super::finding::Finding;
use super::installation::Installation;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let config = installation.settings.config();
    if let Some(problem) = installation.settings.problem() {
        return vec![Finding::failed("config", problem)];
    }
    let missing = config.protect.iter().map(|named| &named.project).filter(|project| !project.is_dir());
    let mut findings = vec![Finding::ok("config", "every setting can be used; `baton config` prints them")];
    findings.extend(missing.map(|project| {
        let what =
            format!("{}: the configuration protects files there, and no such directory exists", project.display());
        Finding::note("config", what)
    }));
    findings
}
