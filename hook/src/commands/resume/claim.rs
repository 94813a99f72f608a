//! The claim that a session is being resumed.

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::session::Resuming;

use super::plan::{Resumable, claim_liveness};
use crate::context::Context;
use crate::error::CommandError;
use baton_store::AuditAction;
use baton_system::multiplexer::OpenedWindow;

/// A claim that this call made.
pub(super) struct ResumeClaim {
    id: SessionId,
    mark: Resuming,
}

impl ResumeClaim {
    /// Makes the claim, under the lock. Returns `None` if another call made one, or if an agent displayed the session
    /// meanwhile.
    pub(super) fn acquire(context: &Context, resumable: &Resumable) -> Result<Option<Self>, CommandError> {
        let mark = Resuming { at: context.now(), process: None };
        let mut put = false;
        context.edit_session(AuditAction::ResumeClaimed, resumable.id(), |session| {
            let taken = session.resuming.as_ref().is_some_and(|mark| claim_liveness(context, mark) != Live::No);
            if resumable.is_unchanged(session) && !taken {
                session.resuming = Some(mark.clone());
                put = true;
            }
        })?;
        Ok(put.then(|| Self { id: resumable.id().clone(), mark }))
    }

    /// Records the process that was started. Returns false if it has already ended.
    pub(super) fn record_process(&self, context: &Context, opened: &OpenedWindow) -> Result<bool, CommandError> {
        let Some(process) = context.process(opened.pid) else { return Ok(false) };
        self.edit(context, AuditAction::ResumeStarted, Some(Resuming { process: Some(process), ..self.mark.clone() }))?;
        Ok(true)
    }

    /// Removes the claim, because nothing was started.
    pub(super) fn release(&self, context: &Context) -> Result<(), CommandError> {
        self.edit(context, AuditAction::ResumeReleased, None)
    }

    fn edit(&self, context: &Context, action: AuditAction, mark: Option<Resuming>) -> Result<(), CommandError> {
        context.edit_session(action, &self.id, |session| {
            // If the agent has announced itself, it has removed the claim already.
            if session.resuming.as_ref() == Some(&self.mark) {
                session.resuming = mark;
            }
        })
    }
}
