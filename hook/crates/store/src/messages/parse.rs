//! Messages from bytes that may be damaged.

use std::collections::HashSet;

use agent_baton_core::id::SessionId;
use agent_baton_core::rules::duplicate_event::WINDOW_MS;

use super::conversation::Conversation;
use super::message::{LINE_PREFIX, Message};

/// How many messages back a second delivery of an event is looked for.
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

    /// Adds what a file holds. Whatever is not a whole message of this session costs itself alone.
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

    /// Two hooks of one event may both have passed without the lock: by the rule of `twice`, it was said once.
    fn is_duplicate(&self, message: &Message) -> bool {
        self.conversation.messages.iter().rev().take(DUPLICATE_LOOKBACK).any(|before| {
            before.digest == message.digest
                && before.process == message.process
                && before.at.boot == message.at.boot
                && message.n <= before.at.boot_ms.saturating_add(WINDOW_MS)
        })
    }

    /// How many messages there are.
    pub(super) fn len(&self) -> usize {
        self.conversation.messages.len()
    }

    /// How many bytes were none.
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
