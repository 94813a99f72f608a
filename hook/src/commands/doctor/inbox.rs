//! Reports events that wait in the inbox, and files in the quarantine.

use super::finding::Finding;
use super::installation::Installation;

/// If more events than this wait, no call decides them.
const MAX_WAITING_EVENTS: usize = 64;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(health) = installation.store.as_ref().and_then(|store| store.health().ok()) else { return Vec::new() };
    let mut findings = vec![match health.inbox_events {
        0 => Finding::ok("inbox", "no deferred events"),
        few if few <= MAX_WAITING_EVENTS => {
            let events = baton_display::format_count(few, "deferred event", "deferred events");
            Finding::note("inbox", format!("{events}; the next event of an agent processes them first"))
        }
        many => Finding::problem(
            "inbox",
            format!("{many} deferred events"),
            "check above whether the lock is held or the disk is full",
        ),
    }];
    if health.quarantined > 0 {
        let files = baton_display::format_count(health.quarantined, "unusable file", "unusable files");
        findings.push(Finding::note("inbox", format!("{files} in the quarantine directory of the state")));
    }
    findings
}
