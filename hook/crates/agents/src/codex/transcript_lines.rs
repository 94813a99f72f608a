//! The lines of a Codex rollout, with the fields that baton reads.

use serde::Deserialize;

use crate::lenient_json::{Lenient, LenientString, lenient_list};

/// The beginnings of the lines that matter.
pub(super) const LINE_STARTS: [&[u8]; 1] = [b"{\"timestamp\":"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    #[serde(rename = "type")]
    pub(super) kind: Lenient<LenientString>,
    pub(super) timestamp: Lenient<LenientString>,
    pub(super) payload: Lenient<Payload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload {
    #[serde(rename = "type")]
    pub(super) kind: Lenient<LenientString>,
    pub(super) role: Lenient<LenientString>,
    pub(super) phase: Lenient<LenientString>,
    pub(super) call_id: Lenient<LenientString>,
    pub(super) item: Lenient<Item>,
    pub(super) internal_chat_message_metadata_passthrough: Lenient<PassthroughMetadata>,
    pub(super) model: Lenient<LenientString>,
    pub(super) thread_name: Lenient<LenientString>,
    pub(super) info: Lenient<Info>,
    pub(super) usage: Lenient<Usage>,
    pub(super) model_context_window: Lenient<u64>,
    pub(super) name: Lenient<LenientString>,
    pub(super) arguments: Lenient<LenientString>,
    message: Lenient<LenientString>,
    #[serde(deserialize_with = "lenient_list")]
    content: Vec<Content>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    #[serde(rename = "type")]
    kind: Lenient<LenientString>,
    #[serde(deserialize_with = "lenient_list")]
    content: Vec<Content>,
}

/// A part of a message.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    text: Lenient<LenientString>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PassthroughMetadata {
    #[serde(deserialize_with = "lenient_list")]
    pub(super) content_item_kinds: Vec<LenientString>,
}

/// How full the context is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub(super) last_token_usage: Lenient<Usage>,
    pub(super) model_context_window: Lenient<u64>,
}

/// The tokens of a request to the model and of its answer.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) total_tokens: Lenient<u64>,
}

impl Payload {
    /// Returns whether an event reports a prompt of the user.
    pub(super) fn is_prompt(&self) -> bool {
        let item = self.item.as_ref().and_then(|item| item.kind.as_ref());
        is(self.kind.as_ref(), "user_message") || (is(self.kind.as_ref(), "item_completed") && is(item, "UserMessage"))
    }

    /// Returns whether a message for the model is one that the user typed.
    pub(super) fn is_typed(&self) -> bool {
        let typed = self.internal_chat_message_metadata_passthrough.as_ref();
        typed.is_some_and(|typed| typed.content_item_kinds.iter().any(|kind| kind.0 == "user.text"))
    }

    /// Returns the text of a prompt that an event reports.
    pub(super) fn prompt_text(&self) -> String {
        let message = self.message.as_ref().map(|message| message.0.clone());
        message.or_else(|| self.item.as_ref().map(|item| texts(&item.content))).unwrap_or_default()
    }

    /// Returns the text of a message.
    pub(super) fn content_text(&self) -> String {
        texts(&self.content)
    }
}

pub(super) fn is(text: Option<&LenientString>, word: &str) -> bool {
    text.is_some_and(|text| text.0 == word)
}

fn texts(content: &[Content]) -> String {
    let texts: Vec<&str> = content.iter().filter_map(|part| Some(part.text.as_ref()?.0.as_str())).collect();
    texts.join("\n")
}
