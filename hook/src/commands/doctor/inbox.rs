//! Events that wait, and files that were set aside.

use super::finding::Finding;
use super::patient::Patient;

/// More waiting events than this mean that nobody takes them.
const MANY: usize = 64;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Some(health) = patient.store.as_ref().and_then(|store| store.health().ok()) else { return Vec::new() };
    let mut findings = vec![match health.waiting {
        0 => Finding::ok("inbox", "no event waits"),
        few if few <= MANY => Finding::note("inbox", format!("{few} events wait; the next event acts on them first")),
        many => Finding::problem(
            "inbox",
            format!("{many} events wait"),
            "see above whether the lock is held or the disk is full",
        ),
    }];
    if health.aside > 0 {
        let what = format!("{} files were set aside because they could not be used", health.aside);
        findings.push(Finding::note("inbox", format!("{what}; they are in archive/aside of the state")));
    }
    findings
}
