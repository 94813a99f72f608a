//! Removes what a finished loop leaves behind.

use agent_baton_core::decision::Record;
use agent_baton_core::run::Status;
use baton_store::{LockedStore, Store};

use super::approval;
use crate::config::Settings;
use crate::observer::{Observed, Observer};
use crate::outcome::Outcome;

/// Removes the definition and the approval of every loop that a decision finished. An abandoned loop keeps them: you
/// may still adopt it.
pub(crate) struct FinishedLoops<'a> {
    pub(crate) store: &'a Store,
    pub(crate) settings: &'a Settings,
}

impl Observer for FinishedLoops<'_> {
    fn after_commit(&self, _: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        for change in &outcome.decision.changes {
            let Record::Run(run) = &change.record else { continue };
            if run.loop_state.is_some() && is_finished(run.status) {
                self.store.remove_loop_definition(&run.id);
                if let Some(home) = self.settings.account_home() {
                    approval::revoke(&home, &run.id);
                }
            }
        }
        Ok(Vec::new())
    }
}

const fn is_finished(status: Status) -> bool {
    matches!(status, Status::Done | Status::Failed | Status::Cancelled)
}
