//! Reports events that wait in the inbox, and files in the quarantine.

use super::finding::Finding;
use super::installation::Installation;

/// If more events than this wait, no call decides them.
const MAX_WAITING_EVENTS: usize = 64;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(health) = installation.store.as_ref().and_then(|store| store.health().ok()) else { return Vec::new() };
    let mut findings = vec![match health.inbox_events {
        0 => Finding::ok("inbox", "no event waits"),
        few if few <= MAX_WAITING_EVENTS => {
            Finding::note("inbox", format!("{few} events wait; the next event acts on them first"))
        }
        many => Finding::problem(
            "inbox",
            format!("{many} events wait"),
            "see above whether the lock is held or the disk is full",
        ),
    }];
    if health.quarantined > 0 {
        let what = format!("{} files were set aside because they could not be used", health.quarantined);
        findings.push(Finding::note("inbox", format!("{what}; they are in quarantine of the state")));
    }
    findings
}
