//! What was said in one session.

use super::message::Message;

/// The messages of a session, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// Each one once.
    pub messages: Vec<Message>,
    /// How many bytes could not be read as a message of this session.
    pub damaged: usize,
}
