//! The mark that a session is being brought back.

use agent_baton_core::id::SessionId;
use agent_baton_core::session::Resuming;

use super::bring::{Bring, holds};
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::mux::Opened;

/// A mark that this call put.
pub(super) struct Mark {
    id: SessionId,
    mark: Resuming,
}

impl Mark {
    /// Puts the mark, under the lock; none where another call did, or an agent showed the session meanwhile.
    pub(super) fn put(context: &Context, bring: &Bring) -> Result<Option<Self>, CommandError> {
        let mark = Resuming { at: context.now(), process: None };
        let mut put = false;
        context.edit_session("session_resuming", bring.id(), |session| {
            let taken = session.resuming.as_ref().is_some_and(|mark| holds(context, mark));
            if bring.still(session) && !taken {
                session.resuming = Some(mark.clone());
                put = true;
            }
        })?;
        Ok(put.then(|| Self { id: bring.id().clone(), mark }))
    }

    /// Notes what was started; false where that has ended already.
    pub(super) fn opened(&self, context: &Context, opened: &Opened) -> Result<bool, CommandError> {
        let Some(process) = context.process(opened.pid) else { return Ok(false) };
        self.edit(context, Some(Resuming { process: Some(process), ..self.mark.clone() }))?;
        Ok(true)
    }

    /// Takes it back: nothing was started.
    pub(super) fn take_back(&self, context: &Context) -> Result<(), CommandError> {
        self.edit(context, None)
    }

    fn edit(&self, context: &Context, mark: Option<Resuming>) -> Result<(), CommandError> {
        context.edit_session("session_resuming", &self.id, |session| {
            // The agent may have announced itself: then there is no mark any more, and none is wanted.
            if session.resuming.as_ref() == Some(&self.mark) {
                session.resuming = mark;
            }
        })?;
        Ok(())
    }
}
