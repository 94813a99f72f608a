//! What goes with a loop that is over.

use std::path::Path;

use agent_baton_core::decision::{Decision, Record};
use agent_baton_core::run::Status;

use super::approval;
use baton_store::Store;

/// Removes the texts and the approval of every loop that a commit ended. An abandoned one may be adopted yet: it keeps them.
pub fn remove_finished_loop(store: &Store, home: impl FnOnce() -> Option<std::path::PathBuf>, decision: &Decision) {
    let over = decision.changes.iter().find_map(|change| match &change.record {
        Record::Run(run) if run.loop_state.is_some() && is_finished(run.status) => Some(&run.id),
        _ => None,
    });
    let Some(run) = over else { return };
    store.remove_loop_definition(run);
    if let Some(home) = home() {
        approval::revoke(Path::new(&home), run);
    }
}

const fn is_finished(status: Status) -> bool {
    matches!(status, Status::Done | Status::Failed | Status::Cancelled)
}
