//! The lines of a rollout of Codex, as far as they are read.

use serde::Deserialize;

use crate::agents::lossy::{Lossy, or_none};

/// How the lines begin.
pub(super) const STARTS: [&[u8]; 1] = [b"{\"timestamp\":"];

#[derive(Deserialize)]
pub(super) struct Line {
    #[serde(rename = "type")]
    pub(super) kind: Option<Lossy>,
    pub(super) payload: Option<Payload>,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    #[serde(rename = "type")]
    pub(super) kind: Option<Lossy>,
    pub(super) role: Option<Lossy>,
    pub(super) phase: Option<Lossy>,
    pub(super) call_id: Option<Lossy>,
    pub(super) item: Option<Item>,
    pub(super) internal_chat_message_metadata_passthrough: Option<Passed>,
    #[serde(default, deserialize_with = "or_none")]
    pub(super) model: Option<Lossy>,
    #[serde(default, deserialize_with = "or_none")]
    pub(super) thread_name: Option<Lossy>,
    #[serde(default, deserialize_with = "or_none")]
    pub(super) info: Option<Info>,
    #[serde(default, deserialize_with = "or_none")]
    pub(super) usage: Option<Usage>,
    #[serde(default, deserialize_with = "or_none")]
    pub(super) model_context_window: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "type")]
    kind: Option<Lossy>,
}

#[derive(Deserialize)]
pub(super) struct Passed {
    #[serde(default)]
    pub(super) content_item_kinds: Vec<Lossy>,
}

/// How full the context is.
#[derive(Deserialize)]
pub(super) struct Info {
    pub(super) last_token_usage: Option<Usage>,
    pub(super) model_context_window: Option<u64>,
}

/// What a request to the model, and its answer, held, in tokens.
#[derive(Deserialize)]
pub(super) struct Usage {
    pub(super) total_tokens: Option<u64>,
}

impl Payload {
    /// Whether an event says that the person gave a prompt.
    pub(super) fn is_prompt(&self) -> bool {
        let item = self.item.as_ref().and_then(|item| item.kind.as_ref());
        is(self.kind.as_ref(), "user_message") || (is(self.kind.as_ref(), "item_completed") && is(item, "UserMessage"))
    }
}

pub(super) fn is(text: Option<&Lossy>, word: &str) -> bool {
    text.is_some_and(|text| text.0 == word)
}
