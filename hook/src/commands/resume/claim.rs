//! The mark that a session is being brought back.

use agent_baton_core::id::SessionId;
use agent_baton_core::session::Resuming;

use super::plan::{Resumable, is_claimed};
use crate::context::Context;
use crate::error::CommandError;
use baton_store::AuditAction;
use baton_system::multiplexer::OpenedWindow;

/// A mark that this call put.
pub(super) struct ResumeClaim {
    id: SessionId,
    mark: Resuming,
}

impl ResumeClaim {
    /// Puts the mark, under the lock; none where another call did, or an agent showed the session meanwhile.
    pub(super) fn acquire(context: &Context, resumable: &Resumable) -> Result<Option<Self>, CommandError> {
        let mark = Resuming { at: context.now(), process: None };
        let mut put = false;
        context.edit_session(AuditAction::ResumeClaimed, resumable.id(), |session| {
            let taken = session.resuming.as_ref().is_some_and(|mark| is_claimed(context, mark));
            if resumable.is_unchanged(session) && !taken {
                session.resuming = Some(mark.clone());
                put = true;
            }
        })?;
        Ok(put.then(|| Self { id: resumable.id().clone(), mark }))
    }

    /// Notes what was started; false where that has ended already.
    pub(super) fn record_process(&self, context: &Context, opened: &OpenedWindow) -> Result<bool, CommandError> {
        let Some(process) = context.process(opened.pid) else { return Ok(false) };
        self.edit(context, AuditAction::ResumeStarted, Some(Resuming { process: Some(process), ..self.mark.clone() }))?;
        Ok(true)
    }

    /// Takes it back: nothing was started.
    pub(super) fn release(&self, context: &Context) -> Result<(), CommandError> {
        self.edit(context, AuditAction::ResumeReleased, None)
    }

    fn edit(&self, context: &Context, action: AuditAction, mark: Option<Resuming>) -> Result<(), CommandError> {
        context.edit_session(action, &self.id, |session| {
            // The agent may have announced itself: then there is no mark any more, and none is wanted.
            if session.resuming.as_ref() == Some(&self.mark) {
                session.resuming = mark;
            }
        })
    }
}
