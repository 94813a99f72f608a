//! Whether a person disabled baton.

use super::finding::Finding;
use super::patient::Patient;

pub fn check(patient: &Patient) -> Vec<Finding> {
    // A format that cannot be read is another check's finding.
    let Some(disabled) = patient.store.as_ref().and_then(|store| store.disabled().ok()) else { return Vec::new() };
    if disabled.everywhere {
        return vec![Finding::note("disabled", "baton is disabled: its hooks do nothing. `baton enable` ends that")];
    }
    let note = |project| {
        Finding::note("disabled", format!("baton is disabled in {project}; `baton enable --project` there ends that"))
    };
    disabled.projects.iter().map(note).collect()
}
