//! The end of a conversation, as the agent's own transcript shows it: the last messages, and what the agent asks for.
//!
//! baton reads this when a user looks at it, and never stores it.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient_json::{Lenient, LenientString, lenient_list};
use super::transcript;

/// How many parts of a transcript, each longer than the one before, are read for a preview. More would be read again whenever
/// the transcript grows.
const PREVIEW_PARTS: usize = 2;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The user.
    User,
    /// The agent.
    Agent,
}

/// A message, as far as the limit of its length allows. Free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it.
    pub by: Speaker,
    /// What it says.
    pub text: String,
}

/// The end of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationEnd {
    /// The last messages, oldest first.
    pub messages: Vec<Message>,
    /// The tool call that has no result yet, or the question in it. Free text.
    pub open_call: Option<String>,
}

/// How much of a conversation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The newest prompt, and what the agent said after it.
    Turn,
    /// This many messages.
    Messages(usize),
}

/// What is read, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct ConversationLimits {
    /// How far back.
    pub extent: Extent,
    /// The most characters of each text.
    pub chars: usize,
}

/// Adds lines, newest first, until the reader is complete.
pub(super) type ReadConversation = fn(&mut dyn Iterator<Item = &[u8]>, &mut ConversationReader);

/// Reads a transcript. Returns an empty conversation if it cannot be read.
pub(super) fn read(path: &Path, limits: ConversationLimits, read: ReadConversation) -> ConversationEnd {
    let mut found = ConversationEnd::default();
    let mut parts = 0;
    // If no part is complete, the result of the longest part that was read stays.
    let _ = transcript::read_tails(path, &mut |lines, _| {
        let mut reader = ConversationReader::new(limits);
        read(lines, &mut reader);
        parts += 1;
        let suffices = reader.is_complete() || (limits.extent == Extent::Turn && parts == PREVIEW_PARTS);
        found = reader.finish();
        suffices.then_some(())
    });
    found
}

/// Collects messages and calls that come newest first.
pub(super) struct ConversationReader {
    limits: ConversationLimits,
    /// Newest first.
    messages: Vec<Message>,
    /// The tool calls that have a result.
    answered: HashSet<String>,
    open_call: Option<String>,
}

impl ConversationReader {
    fn new(limits: ConversationLimits) -> Self {
        Self { limits, messages: Vec::new(), answered: HashSet::new(), open_call: None }
    }

    /// Adds a message. A blank one says nothing, and a prompt may be recorded in two forms.
    pub(super) fn message(&mut self, by: Speaker, text: &str) {
        let text: String = text.trim().chars().take(self.limits.chars).collect();
        let message = Message { by, text };
        if !message.text.is_empty() && self.messages.last() != Some(&message) && !self.is_complete() {
            self.messages.push(message);
        }
    }

    /// Records that a call has a result.
    pub(super) fn result(&mut self, id: &str) {
        self.answered.insert(id.to_owned());
    }

    /// Records a call. Of several calls without a result the first is the one that is asked for.
    pub(super) fn call(&mut self, id: Option<&str>, name: &str, input: Option<&str>) {
        if self.messages.is_empty() && id.is_none_or(|id| !self.answered.contains(id)) {
            self.open_call = Some(describe_call(name, input).chars().take(self.limits.chars).collect());
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        match self.limits.extent {
            Extent::Turn => self.messages.last().is_some_and(|message| message.by == Speaker::User),
            Extent::Messages(most) => self.messages.len() >= most,
        }
    }

    fn finish(mut self) -> ConversationEnd {
        self.messages.reverse();
        ConversationEnd { messages: self.messages, open_call: self.open_call }
    }
}

impl ConversationEnd {
    /// Returns the newest prompt.
    #[must_use]
    pub fn prompt(&self) -> Option<&str> {
        self.messages.iter().rev().find(|message| message.by == Speaker::User).map(|message| message.text.as_str())
    }

    /// Returns what the agent said last, if that was after the newest prompt.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        self.messages.last().filter(|message| message.by == Speaker::Agent).map(|message| message.text.as_str())
    }
}

/// The fields in which tools name what they are about to do. Each counts on its own.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CallInput<'a> {
    #[serde(borrow)]
    command: Option<&'a RawValue>,
    cmd: Lenient<LenientString>,
    file_path: Lenient<LenientString>,
    path: Lenient<LenientString>,
    url: Lenient<LenientString>,
    query: Lenient<LenientString>,
    pattern: Lenient<LenientString>,
    plan: Lenient<LenientString>,
    description: Lenient<LenientString>,
    #[serde(deserialize_with = "lenient_list")]
    questions: Vec<Question>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Question {
    question: Lenient<LenientString>,
}

/// Returns the question that a call asks, or else its tool and what it is about to do.
fn describe_call(name: &str, input: Option<&str>) -> String {
    let input: CallInput<'_> = input.and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default();
    if let Some(question) = input.questions.into_iter().find_map(|question| question.question.0) {
        return question.into_string();
    }
    let command = input.command.and_then(command_text);
    let fields =
        [input.cmd, input.file_path, input.path, input.url, input.query, input.pattern, input.plan, input.description];
    let what = command.or_else(|| fields.into_iter().find_map(|field| field.0).map(LenientString::into_string));
    what.map_or_else(|| name.to_owned(), |what| format!("{name}: {what}"))
}

/// Returns a command that is a text or a list of words.
fn command_text(command: &RawValue) -> Option<String> {
    if let Ok(text) = serde_json::from_str::<LenientString>(command.get()) {
        return Some(text.into_string());
    }
    let words: Vec<LenientString> = serde_json::from_str(command.get()).ok()?;
    let words: Vec<String> = words.into_iter().map(LenientString::into_string).collect();
    Some(words.join(" "))
}
