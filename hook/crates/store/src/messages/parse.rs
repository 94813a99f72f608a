//! Parses messages from bytes that may be damaged.

use std::collections::HashSet;

use agent_baton_core::id::SessionId;
use agent_baton_core::rules::duplicate_event::WINDOW_MS;

use super::conversation::Conversation;
use super::message::{LINE_PREFIX, Message};

/// How many messages back a second delivery of an event is searched.
const DUPLICATE_LOOKBACK: usize = 8;

/// The messages of one session, each once, in the order in which they were written.
pub(super) struct MessageSet<'a> {
    session: &'a SessionId,
    known: HashSet<(String, u64, u64, u32)>,
    conversation: Conversation,
}

impl<'a> MessageSet<'a> {
    pub(super) fn new(session: &'a SessionId) -> Self {
        Self { session, known: HashSet::new(), conversation: Conversation::default() }
    }

    /// Adds the messages in a file. Damaged parts and messages of other sessions are skipped, and the rest is kept.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for segment in bytes.split(|byte| *byte == b'\n') {
            self.add_segment(segment);
        }
    }

    fn add_segment(&mut self, segment: &[u8]) {
        let mut rest = segment;
        while let Some(at) = find(rest, LINE_PREFIX) {
            self.conversation.damaged += at;
            rest = rest.get(at..).unwrap_or_default();
            let len = match Message::at_start_of(rest) {
                Some((message, len)) if message.session == *self.session => {
                    self.add_message(message);
                    len
                }
                Some((_, len)) => {
                    self.conversation.damaged += len;
                    len
                }
                None => {
                    self.conversation.damaged += LINE_PREFIX.len();
                    LINE_PREFIX.len()
                }
            };
            rest = rest.get(len..).unwrap_or_default();
        }
        self.conversation.damaged += rest.len();
    }

    fn add_message(&mut self, message: Message) {
        if !self.known.insert(message.key()) || self.is_duplicate(&message) {
            return;
        }
        self.conversation.messages.push(message);
    }

    /// Two hooks of one event may both have written a message without the lock. As with duplicate events, only one of
    /// them counts.
    fn is_duplicate(&self, message: &Message) -> bool {
        self.conversation.messages.iter().rev().take(DUPLICATE_LOOKBACK).any(|before| {
            before.digest == message.digest
                && before.process == message.process
                && before.at.boot == message.at.boot
                && message.n <= before.at.boot_ms.saturating_add(WINDOW_MS)
        })
    }

    /// Returns the number of messages.
    pub(super) fn len(&self) -> usize {
        self.conversation.messages.len()
    }

    /// Returns the number of bytes that were not part of a message.
    pub(super) const fn damaged(&self) -> usize {
        self.conversation.damaged
    }

    pub(super) fn into_conversation(self) -> Conversation {
        self.conversation
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
