//! Writes down what was said, where a person has it kept.

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::request::Reading;
use agent_baton_core::stamp::Stamp;

use crate::agents::spoken;
use crate::config::{Messages, Settings};
use crate::event::RawEvent;
use crate::store::{LONG_CONVERSATION, Locked, Message, Role, Said, Store, StoreError};
use crate::words::say;

/// Writes down what one event said.
pub struct Scribe<'a> {
    /// The state.
    pub store: &'a Store,
    /// What a person set.
    pub settings: &'a Settings,
    /// What the agent wrote; none of a notification.
    pub raw: Option<&'a RawEvent>,
    /// The present moment.
    pub now: Stamp,
}

impl Scribe<'_> {
    /// Whether messages are kept, by the configuration as it is now: to turn them off counts at once.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.settings.config().messages == Messages::All
    }

    /// Writes down what an event said whose session has messages kept; false where that needs the lock.
    #[must_use]
    pub fn passes(&self, event: &Event) -> bool {
        let keeps = self.keeps();
        if let Some(problem) = self.settings.problem() {
            say(&problem.to_string());
        }
        if keeps && event.name == EventName::PreCompact {
            return false;
        }
        let Some(message) = self.message(event).filter(|_| keeps) else { return true };
        match self.say(&message) {
            Ok(Said::Kept(size)) => size <= LONG_CONVERSATION,
            Ok(Said::NoLog) => false,
            // The sign of life counts all the same.
            Err(error) => {
                say(&error.to_string());
                true
            }
        }
    }

    /// Writes down what an event said that did not get the lock: its words never stand in the inbox.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn without_lock(&self, event: &Event) -> Result<(), StoreError> {
        let Some(message) = self.message(event).filter(|_| self.keeps()) else { return Ok(()) };
        // A session may begin with the event that waits; of any other that has no record among the live ones nothing is kept.
        if matches!(self.store.read(|view| view.session(&message.session))?, Reading::Live(_) | Reading::Absent) {
            self.store.open_log(&message.session)?;
            self.say(&message)?;
        }
        Ok(())
    }

    /// Writes down what an event said, folds the log where its session begins or ends, and writes a chunk before it is
    /// compacted.
    ///
    /// # Errors
    /// Where a file cannot be read or written.
    pub fn with_lock(&self, locked: &mut Locked<'_>, event: &Event) -> Result<(), StoreError> {
        let Some(session) = &event.session else { return Ok(()) };
        if !matches!(locked.view().session(session), Reading::Live(_)) {
            return Ok(());
        }
        let keeps = self.keeps();
        if let Some(message) = self.message(event).filter(|_| keeps) {
            self.store.open_log(session)?;
            if matches!(self.say(&message)?, Said::Kept(LONG_CONVERSATION..)) {
                locked.fold(session, &self.now)?;
            }
        }
        self.fold(locked, event)?;
        if keeps && event.name == EventName::PreCompact {
            locked.write_chunk(session, event.agent)?;
        }
        Ok(())
    }

    /// Saves what stands in the log of a session that begins, ends or is compacted: after a crash, its next start does.
    ///
    /// # Errors
    /// Where a file cannot be read or written. The next fold goes on.
    pub fn fold(&self, locked: &mut Locked<'_>, event: &Event) -> Result<(), StoreError> {
        let Some(session) = &event.session else { return Ok(()) };
        let folds = matches!(event.name, EventName::SessionStart | EventName::SessionEnd | EventName::PreCompact);
        if folds && matches!(locked.view().session(session), Reading::Live(_)) {
            locked.fold(session, &self.now)?;
        }
        Ok(())
    }

    fn say(&self, message: &Message) -> Result<Said, StoreError> {
        self.store.say(message, matches!(message.role, Role::Answer))
    }

    fn message(&self, event: &Event) -> Option<Message> {
        let (role, text) = spoken(event.name, self.raw?)?;
        let message = Message {
            session: event.session.clone()?,
            n: event.hook_start_ms,
            hook: std::process::id(),
            at: self.now.clone(),
            process: event.process.clone()?,
            digest: event.digest.clone(),
            role,
            text,
            whole: None,
        };
        Some(message.within_limits())
    }
}
