//! The lines of a Codex rollout, with the fields that baton reads.

use serde::Deserialize;

use crate::lenient_json::{LenientString, lenient, lenient_list};

/// The beginnings of the lines that matter.
pub(super) const LINE_STARTS: [&[u8]; 1] = [b"{\"timestamp\":"];

#[derive(Deserialize)]
pub(super) struct Line {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) payload: Option<Payload>,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) role: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) phase: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_id: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) item: Option<Item>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) internal_chat_message_metadata_passthrough: Option<PassthroughMetadata>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) model: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) thread_name: Option<LenientString>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) info: Option<Info>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) usage: Option<Usage>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) model_context_window: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<LenientString>,
}

#[derive(Deserialize)]
pub(super) struct PassthroughMetadata {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) content_item_kinds: Vec<LenientString>,
}

/// How full the context is.
#[derive(Deserialize)]
pub(super) struct Info {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) last_token_usage: Option<Usage>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) model_context_window: Option<u64>,
}

/// The tokens of a request to the model and of its answer.
#[derive(Deserialize)]
pub(super) struct Usage {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) total_tokens: Option<u64>,
}

impl Payload {
    /// Returns whether an event reports a prompt of the user.
    pub(super) fn is_prompt(&self) -> bool {
        let item = self.item.as_ref().and_then(|item| item.kind.as_ref());
        is(self.kind.as_ref(), "user_message") || (is(self.kind.as_ref(), "item_completed") && is(item, "UserMessage"))
    }
}

pub(super) fn is(text: Option<&LenientString>, word: &str) -> bool {
    text.is_some_and(|text| text.0 == word)
}
