//! The text of the message that an event carries. baton reads it only if you configured it to record messages.

use agent_baton_core::event::EventName;
use serde::Deserialize;

use super::lenient_json::{Lenient, LenientString};
use crate::raw_event::RawEvent;

/// The fields that hold the text. Both agents use the same names.
#[derive(Default, Deserialize)]
#[serde(default)]
struct MessageFields {
    prompt: Lenient<LenientString>,
    last_assistant_message: Lenient<LenientString>,
}

/// The text of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageText {
    /// The user's prompt.
    Prompt(String),
    /// The last message of the agent's turn.
    Answer(String),
}

/// Returns the text of a prompt, or of the last message of a turn. Returns `None` for every other event, and for a
/// blank text.
#[must_use]
pub fn message_text(name: EventName, raw: &RawEvent) -> Option<MessageText> {
    let fields = serde_json::from_str::<MessageFields>(raw.text()).ok()?;
    let is_filled = |text: &String| !text.trim().is_empty();
    match name {
        EventName::UserPromptSubmit => fields.prompt.0.map(|text| text.0).filter(is_filled).map(MessageText::Prompt),
        EventName::Stop => {
            fields.last_assistant_message.0.map(|text| text.0).filter(is_filled).map(MessageText::Answer)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: EventName, payload: &str, expected: Option<MessageText>) {
        let said = message_text(name, &RawEvent::from_argument(payload.to_owned()));
        assert_eq!(said, expected, "{payload}");
    }

    #[test]
    fn words_are_taken_from_prompts_and_ends_of_turns() {
        use EventName::{Notification, Stop, UserPromptSubmit};
        check(UserPromptSubmit, r#"{"prompt":"a\n\"b\" \u00e9"}"#, Some(MessageText::Prompt("a\n\"b\" é".to_owned())));
        check(
            UserPromptSubmit,
            r#"{"prompt":"half \ud83d of a pair"}"#,
            Some(MessageText::Prompt("half \u{fffd}\u{fffd}\u{fffd} of a pair".to_owned())),
        );
        check(UserPromptSubmit, r#"{"prompt":"  \n"}"#, None);
        check(UserPromptSubmit, r#"{"prompt":null}"#, None);
        check(UserPromptSubmit, r#"{"prompt":7}"#, None);
        check(UserPromptSubmit, r#"{"last_assistant_message":"a"}"#, None);
        check(Stop, r#"{"prompt":"p","last_assistant_message":"a"}"#, Some(MessageText::Answer("a".to_owned())));
        check(
            Stop,
            r#"{"prompt":{"of":"another type"},"last_assistant_message":"a \udc00"}"#,
            Some(MessageText::Answer("a \u{fffd}\u{fffd}\u{fffd}".to_owned())),
        );
        check(Stop, r#"{"last_assistant_message":""}"#, None);
        check(Notification, r#"{"prompt":"p","last_assistant_message":"a"}"#, None);
    }
}
