//! How a run changes its owner, and how it ends. Every rule that does one of these calls these functions.

use crate::background_work::BackgroundWork;
use crate::decision::Location;
use crate::id::RunId;
use crate::reason::Reason;
use crate::rules::context::RuleContext;
use crate::run::{MAX_HISTORY, Owner, Status, StopReason, Transfer};
use crate::session::{Audience, NotificationId, OutboxEntry};

impl RuleContext<'_> {
    /// Makes `owner` the owner of a run. No other function raises a fence.
    pub fn transfer(&mut self, id: &RunId, owner: Owner, reason: Reason) {
        let now = self.now().clone();
        let Some(run) = self.draft.run_mut(id) else { return };
        run.fence = run.fence.next();
        // A run that continues has no end. Only a foreign or damaged state directory has such a record.
        run.finished = None;
        if run.status == Status::Active {
            run.stop_reason = None;
        }
        if let Some(loop_state) = run.loop_state.as_mut() {
            loop_state.reset_turn();
            // It runs in the process of the owner before.
            loop_state.background_work = BackgroundWork::default();
        }
        let fence = run.fence;
        let from = std::mem::replace(&mut run.owner, owner.clone());
        let progress = Some(run.progress());
        run.history.push(Transfer { fence, from: from.clone(), at: now, reason, progress });
        let spare = run.history.len().saturating_sub(MAX_HISTORY);
        run.history.drain(..spare);

        let mut suspended = None;
        for (session, leaves) in [(from.session, true), (owner.session, false)] {
            let Some(session) = session.and_then(|id| self.draft.session_mut(&id)) else { continue };
            session.runs.retain(|run| run != id);
            let taken = session.take_announcements(id);
            suspended = taken.into_iter().find(|entry| entry.id.reason.suspends_loop()).or(suspended);
            if leaves {
                continue;
            }
            session.runs.push(id.clone());
            let audience = Audience::Launch(owner.process.clone());
            let id = NotificationId { run: id.clone(), fence, reason, revision: None };
            session.outbox.push(OutboxEntry { id, audience: audience.clone(), acknowledged: false, dropped: None });
            // The new owner's user does not know yet why the loop was suspended.
            if let Some(mut entry) = suspended.take() {
                entry.id.fence = fence;
                session.outbox.push(OutboxEntry { audience, ..entry });
            }
        }
    }

    /// Ends a run and removes it from its owner's session. The user is owed the reason if the run is a loop, or if
    /// nobody ended it.
    pub fn finish(&mut self, id: &RunId, status: Status, reason: Reason, why: Option<StopReason>) {
        let now = self.now().clone();
        let Some(run) = self.draft.run_mut(id) else { return };
        run.status = status;
        run.finished = Some(now);
        run.stop_reason = why;
        let (session, fence, is_loop) = (run.owner.session.clone(), run.fence, run.loop_state.is_some());
        self.draft.move_run(id, Location::Archive);
        let Some(session) = session.and_then(|id| self.draft.session_mut(&id)) else { return };
        if session.runs.contains(id) {
            session.runs.retain(|run| run != id);
            session.runs_ended = session.runs_ended.saturating_add(1);
        }
        session.take_announcements(id);
        if is_loop || reason.abandons() {
            let id = NotificationId { run: id.clone(), fence, reason, revision: None };
            session.outbox.push(OutboxEntry { id, audience: Audience::Session, acknowledged: false, dropped: None });
        }
    }
}
