//! Records messages, if you configured it: each prompt, and the last answer of each turn.
//!
//! A message is recorded once. On the fast path that happens without the lock, for a deferred event beside the inbox,
//! and for any other event under the lock after the decision. The log ignores a message that it already holds.

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Input, Reading};
use agent_baton_core::timestamp::Timestamp;

use crate::config::{Messages, Settings};
use crate::observer::{Observed, Observer};
use crate::outcome::Outcome;
use baton_agents::raw_event::RawEvent;
use baton_agents::{MessageText, message_text};
use baton_display::{error_chain, warn};
use baton_store::{Appended, LONG_CONVERSATION_BYTES, LockedStore, Message, Role, Store, StoreError};

/// Records the message of one event.
pub struct MessageRecorder<'a> {
    /// The state.
    pub store: &'a Store,
    /// The configuration.
    pub settings: &'a Settings,
    /// The payload. `None` for a notification and for an event from the inbox.
    pub raw: Option<&'a RawEvent>,
    /// The current time.
    pub now: Timestamp,
}

/// Whether a message was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// There is nothing left to record.
    Done,
    /// The message must be recorded under the lock.
    NeedsLock,
}

impl Observer for MessageRecorder<'_> {
    fn after_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        if let Input::Event(event) = &outcome.request.input
            && outcome.decision.reason != Reason::DuplicateEvent
        {
            self.record_locked(locked, event)?;
        }
        Ok(Vec::new())
    }
}

impl MessageRecorder<'_> {
    /// Returns whether the configuration says at this moment that messages are recorded. Turning recording off takes
    /// effect at once.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.settings.config().messages == Messages::All
    }

    /// Records the message of a heartbeat if its session records messages, unless that needs the lock.
    #[must_use]
    pub fn record_unlocked(&self, event: &Event) -> Recorded {
        let keeps = self.is_enabled();
        if let Some(problem) = self.settings.problem() {
            warn(&error_chain(problem));
        }
        if keeps && event.name == EventName::PreCompact {
            return Recorded::NeedsLock;
        }
        let Some(message) = self.message(event).filter(|_| keeps) else { return Recorded::Done };
        match self.append(&message) {
            Ok(Appended::Kept(..=LONG_CONVERSATION_BYTES)) => Recorded::Done,
            Ok(Appended::Kept(_) | Appended::NoLog) => Recorded::NeedsLock,
            // A failure to record the message must not lose the heartbeat.
            Err(error) => {
                warn(&error_chain(&error));
                Recorded::Done
            }
        }
    }

    /// Records the message of a deferred event. The inbox never holds the text of a message.
    ///
    /// # Errors
    /// Returns an error if the message cannot be written.
    pub fn record_deferred(&self, event: &Event) -> Result<(), StoreError> {
        let Some(message) = self.message(event).filter(|_| self.is_enabled()) else { return Ok(()) };
        // A deferred event may start its session. For any other session without a live record, no message is
        // recorded.
        if matches!(self.store.read(|view| view.session(&message.session))?, Reading::Live(_) | Reading::Absent) {
            self.store.create_message_log(&message.session)?;
            self.append(&message)?;
        }
        Ok(())
    }

    /// Records the message, compacts the log when a session starts, ends or is compacted by its agent, and writes a
    /// Markdown chunk before the agent compacts the conversation.
    fn record_locked(&self, locked: &mut LockedStore<'_>, event: &Event) -> Result<(), StoreError> {
        let Some(session) = &event.session else { return Ok(()) };
        if !matches!(locked.view().session(session), Reading::Live(_)) {
            return Ok(());
        }
        let keeps = self.is_enabled();
        if let Some(message) = self.message(event).filter(|_| keeps) {
            self.store.create_message_log(session)?;
            if matches!(self.append(&message)?, Appended::Kept(LONG_CONVERSATION_BYTES..)) {
                locked.compact_conversation(session, &self.now)?;
            }
        }
        self.compact(locked, event)?;
        // A deferred event comes too late: the agent has already compacted the conversation.
        if keeps && event.name == EventName::PreCompact && !event.waited {
            locked.write_chunk(session, event.agent)?;
        }
        Ok(())
    }

    /// Compacts the log of a session that starts, ends or is compacted by its agent into its saved conversation. If a
    /// crash prevents that, the next start does it.
    fn compact(&self, locked: &mut LockedStore<'_>, event: &Event) -> Result<(), StoreError> {
        let Some(session) = &event.session else { return Ok(()) };
        let folds = matches!(event.name, EventName::SessionStart | EventName::SessionEnd | EventName::PreCompact);
        if folds && matches!(locked.view().session(session), Reading::Live(_)) {
            locked.compact_conversation(session, &self.now)?;
        }
        Ok(())
    }

    fn append(&self, message: &Message) -> Result<Appended, StoreError> {
        self.store.append_message(message, matches!(message.role, Role::Answer))
    }

    fn message(&self, event: &Event) -> Option<Message> {
        let (role, text) = match message_text(event.name, self.raw?)? {
            MessageText::Prompt(text) => (Role::Prompt, text),
            MessageText::Answer(text) => (Role::Answer, text),
        };
        let message = Message {
            session: event.session.clone()?,
            n: event.hook_start_ms,
            hook: std::process::id(),
            at: self.now.clone(),
            process: event.process.clone()?,
            digest: event.digest.clone(),
            role,
            text,
            original_bytes: None,
        };
        Some(message.within_limits())
    }
}
