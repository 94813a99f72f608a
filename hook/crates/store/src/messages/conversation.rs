//! The messages of one session.

use super::message::Message;

/// The messages of a session, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// The messages, each once.
    pub messages: Vec<Message>,
    /// How many bytes could not be parsed as a message of this session.
    pub damaged: usize,
}
