//! The lines of a Claude Code transcript, with the fields that baton reads.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient_json::{Lenient, LenientString, lenient_flag, lenient_list};

/// The beginnings of the lines that matter.
pub(super) const LINE_STARTS: [&[u8]; 2] = [b"{\"parentUuid\":", b"{\"type\":"];

/// What Claude writes in the user's name when the user interrupts a turn.
const INTERRUPTED: &str = "[Request interrupted by user";

/// The beginnings of the lines by which Claude records what the user did without asking the model.
const CLIENT_LINES: [&str; 5] = ["<command-name>", "<local-command-", "<bash-input>", "<bash-stdout>", "<bash-stderr>"];

/// The beginning of the prompt that Claude writes itself when a background task has ended.
const TASK_NOTIFICATION: &str = "<task-notification>";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Line<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Lenient<LenientString>,
    #[serde(deserialize_with = "lenient_flag")]
    pub(super) is_sidechain: bool,
    #[serde(deserialize_with = "lenient_flag")]
    pub(super) is_meta: bool,
    #[serde(deserialize_with = "lenient_flag")]
    pub(super) is_compact_summary: bool,
    #[serde(deserialize_with = "lenient_flag")]
    pub(super) is_api_error_message: bool,
    #[serde(borrow)]
    pub(super) message: Lenient<Message<'a>>,
    pub(super) timestamp: Lenient<LenientString>,
    pub(super) turn_position: Lenient<Position>,
    pub(super) custom_title: Lenient<LenientString>,
    pub(super) ai_title: Lenient<LenientString>,
    pub(super) summary: Lenient<LenientString>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    pub(super) stop_reason: Lenient<LenientString>,
    pub(super) model: Lenient<LenientString>,
    pub(super) usage: Lenient<Usage>,
}

/// What a request to the model, and its answer, held, in tokens. It counts as a whole.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) input_tokens: u64,
    pub(super) cache_creation_input_tokens: u64,
    pub(super) cache_read_input_tokens: u64,
    pub(super) output_tokens: u64,
}

/// The position of a prompt in its session.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Position {
    pub(super) prompt_index: Lenient<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    #[serde(rename = "type")]
    kind: Lenient<LenientString>,
    pub(super) id: Lenient<LenientString>,
    pub(super) tool_use_id: Lenient<LenientString>,
    pub(super) name: Lenient<LenientString>,
    pub(super) input: Option<Box<RawValue>>,
    text: Lenient<LenientString>,
}

impl Block {
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.as_ref().is_some_and(|word| word.0 == kind)
    }

    /// The text, if it is a block of text.
    pub(super) fn text(&self) -> &str {
        self.text.as_ref().map_or("", |text| text.0.as_str())
    }
}

/// Who wrote a line that Claude attributes to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// The user. The line is a prompt.
    User,
    /// Claude, because a background task has ended. The line is a prompt that no user wrote.
    Task,
    /// Claude, because the user interrupted the turn.
    Interruption,
    /// Claude, to record what the user did without asking the model.
    Client,
    /// Tools. The line holds only their results.
    Tools,
}

/// Returns who wrote the blocks of a line that Claude attributes to the user.
pub(super) fn author(blocks: &[Block]) -> Author {
    let text = blocks.iter().filter(|block| !block.is("tool_result")).find_map(|block| block.text.as_ref());
    match text.map(|text| text.0.trim_start()) {
        Some(text) if text.starts_with(INTERRUPTED) => Author::Interruption,
        Some(text) if text.starts_with(TASK_NOTIFICATION) => Author::Task,
        Some(text) if CLIENT_LINES.iter().any(|begin| text.starts_with(begin)) => Author::Client,
        None if blocks.iter().all(|block| block.is("tool_result")) => Author::Tools,
        _ => Author::User,
    }
}

/// Returns the blocks of a message. A message that is plain text becomes one block.
pub(super) fn blocks(message: &Message<'_>) -> Vec<Block> {
    let Some(content) = message.content.map(RawValue::get) else { return Vec::new() };
    let kind = || Lenient(Some(LenientString("text".to_owned())));
    let text = serde_json::from_str(content)
        .map(|text| vec![Block { kind: kind(), text: Lenient(Some(text)), ..Block::default() }]);
    text.or_else(|_| lenient_list(&mut serde_json::Deserializer::from_str(content))).unwrap_or_default()
}
