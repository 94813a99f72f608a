//! Records messages, if you configured that: each prompt, and the last answer of each turn.
//!
//! A message is recorded once: on the fast path without the lock, for a deferred event beside the inbox, and otherwise under
//! the lock after the decision. The log ignores a message that it holds already.

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Input, Reading};
use agent_baton_core::timestamp::Timestamp;

use crate::config::{Messages, Settings};
use crate::observer::{Observed, Observer};
use crate::outcome::Outcome;
use baton_agents::raw_event::RawEvent;
use baton_agents::{MessageText, message_text};
use baton_display::warn;
use baton_store::{Appended, LONG_CONVERSATION_BYTES, LockedStore, Message, Role, Store, StoreError};

/// Records the message of one event.
pub struct MessageRecorder<'a> {
    /// The state.
    pub store: &'a Store,
    /// The configuration.
    pub settings: &'a Settings,
    /// The payload; `None` for a notification and for an event from the inbox.
    pub raw: Option<&'a RawEvent>,
    /// The present moment.
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
    /// Whether messages are recorded, according to the configuration as it is now. Turning them off takes effect at once.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.settings.config().messages == Messages::All
    }

    /// Records the message of a heartbeat whose session records messages, unless that needs the lock.
    #[must_use]
    pub fn record_unlocked(&self, event: &Event) -> Recorded {
        let keeps = self.is_enabled();
        if let Some(problem) = self.settings.problem() {
            warn(&problem.to_string());
        }
        if keeps && event.name == EventName::PreCompact {
            return Recorded::NeedsLock;
        }
        let Some(message) = self.message(event).filter(|_| keeps) else { return Recorded::Done };
        match self.append(&message) {
            Ok(Appended::Kept(..=LONG_CONVERSATION_BYTES)) => Recorded::Done,
            Ok(Appended::Kept(_) | Appended::NoLog) => Recorded::NeedsLock,
            // The heartbeat counts all the same.
            Err(error) => {
                warn(&error.to_string());
                Recorded::Done
            }
        }
    }

    /// Records the message of an event that is deferred: the inbox never holds the text of a message.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn record_deferred(&self, event: &Event) -> Result<(), StoreError> {
        let Some(message) = self.message(event).filter(|_| self.is_enabled()) else { return Ok(()) };
        // A session may begin with the event that waits; of any other that has no record among the live ones nothing is kept.
        if matches!(self.store.read(|view| view.session(&message.session))?, Reading::Live(_) | Reading::Absent) {
            self.store.create_message_log(&message.session)?;
            self.append(&message)?;
        }
        Ok(())
    }

    /// Records the message, compacts the log when a session starts, ends or is compacted by its agent, and writes a Markdown
    /// chunk before the agent compacts the conversation.
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
        // A deferred event comes too late for a chunk.
        if keeps && event.name == EventName::PreCompact && !event.waited {
            locked.write_chunk(session, event.agent)?;
        }
        Ok(())
    }

    /// Moves the log of a session that starts, ends or is compacted into its saved conversation. After a crash, the next start
    /// does it.
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
