//! Reports protected files that are still to be restored.

use agent_baton_core::process::Live;

use super::finding::Finding;
use super::installation::Installation;
use crate::context::inspector;
use baton_protect::{UnrestoredProject, unrestored_projects};
use baton_system::multiplexer::shell_quote;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    match unrestored_projects(store, &inspector(installation.here)) {
        Ok(projects) => projects.iter().filter(|project| has_usable_backup(project)).map(finding).collect(),
        Err(error) => vec![Finding::failed("projects", &error)],
    }
}

/// A backup that cannot be used is named among the files of the state.
fn has_usable_backup(unrestored: &UnrestoredProject) -> bool {
    matches!(unrestored.damaged_backup(), Ok(None))
}

fn finding(unrestored: &UnrestoredProject) -> Finding {
    let project = &unrestored.record.project;
    let quoted = shell_quote(project);
    match (unrestored.present, &unrestored.record.failed_at) {
        (Live::No, None) => Finding::note(
            "projects",
            format!(
                "{project}: its sessions are gone, and its protected files are to be restored: the next start of a session does \
                 that, or `baton project restore {quoted}`"
            ),
        ),
        (Live::No, Some(_)) => {
            let note = unrestored.record.notes.last().map_or("", |note| &note.text);
            let what = format!("{project}: its protected files could not be restored: {note}");
            Finding::problem("projects", what, format!("`baton project restore {quoted}` tries again"))
        }
        (Live::Yes | Live::Unknown, _) => Finding::problem(
            "projects",
            format!("{project}: baton cannot tell whether its sessions have ended, so its protected files stay saved"),
            format!("`baton project restore --force {quoted}` restores them"),
        ),
    }
}
