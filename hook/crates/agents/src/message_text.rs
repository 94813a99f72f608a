//! The words of an event, taken only where a user has messages kept.

use agent_baton_core::event::EventName;
use serde::Deserialize;

use super::lenient_json::LossyString;
use crate::raw_event::RawEvent;
use baton_store::Role;

/// The fields that hold words; both agents name them alike.
#[derive(Deserialize)]
struct MessageFields {
    prompt: Option<LossyString>,
    last_assistant_message: Option<LossyString>,
}

/// What was said in a prompt, or at the end of a turn; none in any other event, and none of an empty text.
#[must_use]
pub fn message_text(name: EventName, raw: &RawEvent) -> Option<(Role, String)> {
    let of = |words: MessageFields| match name {
        EventName::UserPromptSubmit => words.prompt.map(|text| (Role::Prompt, text.0)),
        EventName::Stop => words.last_assistant_message.map(|text| (Role::Answer, text.0)),
        _ => None,
    };
    let words = serde_json::from_str::<MessageFields>(raw.text()).ok()?;
    of(words).filter(|(_, text)| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: EventName, payload: &str, expected: Option<(Role, &str)>) {
        let said = message_text(name, &RawEvent::from_argument(payload.to_owned()));
        assert_eq!(said, expected.map(|(role, text)| (role, text.to_owned())), "{payload}");
    }

    #[test]
    fn words_are_taken_from_prompts_and_ends_of_turns() {
        use EventName::{Notification, Stop, UserPromptSubmit};
        check(UserPromptSubmit, r#"{"prompt":"a\n\"b\" \u00e9"}"#, Some((Role::Prompt, "a\n\"b\" é")));
        check(
            UserPromptSubmit,
            r#"{"prompt":"half \ud83d of a pair"}"#,
            Some((Role::Prompt, "half \u{fffd}\u{fffd}\u{fffd} of a pair")),
        );
        check(UserPromptSubmit, r#"{"prompt":"  \n"}"#, None);
        check(UserPromptSubmit, r#"{"prompt":null}"#, None);
        check(UserPromptSubmit, r#"{"prompt":7}"#, None);
        check(UserPromptSubmit, r#"{"last_assistant_message":"a"}"#, None);
        check(Stop, r#"{"prompt":"p","last_assistant_message":"a"}"#, Some((Role::Answer, "a")));
        check(Stop, r#"{"last_assistant_message":""}"#, None);
        check(Notification, r#"{"prompt":"p","last_assistant_message":"a"}"#, None);
    }
}
