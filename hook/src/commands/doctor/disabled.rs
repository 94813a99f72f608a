//! Reports whether a user disabled baton.

use super::finding::Finding;
use super::installation::Installation;

pub fn check(installation: &Installation) -> Vec<Finding> {
    // Another check reports a format that cannot be read.
    let Some(disabled) = installation.store.as_ref().and_then(|store| store.disabled().ok()) else { return Vec::new() };
    if disabled.everywhere {
        return vec![Finding::note(
            "disabled",
            "baton is disabled: its hooks do nothing. `baton enable` turns them on again",
        )];
    }
    let note = |project| {
        Finding::note(
            "disabled",
            format!("baton is disabled in {project}; `baton enable --project` there turns it on again"),
        )
    };
    disabled.projects.iter().map(note).collect()
}
