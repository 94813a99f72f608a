//! The end of a session's conversation, from the agent's own transcript.

use std::path::Path;

use agent_baton_core::agent::Agent;
use baton_agents::{ConversationLimits, Extent, Speaker, spec};
use baton_display::{preview, strip_control_chars_by_line};
use baton_status::Cause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many messages are read.
const MESSAGES: usize = 20;

/// The most characters of a message.
const MESSAGE_CHARS: usize = 4000;

/// The most characters of a preview.
const PREVIEW_CHARS: usize = 200;

/// The end of a conversation, cleaned and never stored. It is empty if the transcript cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConversationEndView {
    /// The beginning of the user's last prompt.
    pub prompt: Option<String>,
    /// If the session waits: the beginning of what the agent asks for, or else of what it said last.
    pub question: Option<String>,
    /// The last messages, oldest first.
    pub messages: Vec<MessageView>,
}

/// A message, as far as its first 4,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MessageView {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub text: String,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The user.
    User,
    /// The agent.
    Agent,
}

/// The fields of `baton session show --json` that say where the conversation is.
#[derive(Debug, Deserialize)]
struct Printed {
    agent: Agent,
    transcript: Option<String>,
    status: String,
    waiting_for: Option<String>,
}

/// Reads the end of the conversation of a session that `baton session show --json` printed.
pub(crate) fn of_session(printed: &[u8]) -> ConversationEndView {
    let Ok(Printed { agent, transcript: Some(transcript), status, waiting_for }) = serde_json::from_slice(printed)
    else {
        return ConversationEndView::default();
    };
    let limits = ConversationLimits { extent: Extent::Messages(MESSAGES), chars: MESSAGE_CHARS };
    let end = spec(agent).conversation_end(Path::new(&transcript), limits);
    let cause = Cause::from_words(&status, waiting_for.as_deref());
    let question =
        cause.and_then(|cause| end.open_call.as_deref().filter(|_| cause.is_of_call()).or_else(|| end.said()));
    let preview = |text: &str| preview(text, PREVIEW_CHARS);
    let (prompt, question) = (end.prompt().map(preview), question.map(preview));
    let messages = end.messages.iter().map(|message| MessageView {
        role: match message.by {
            Speaker::User => Role::User,
            Speaker::Agent => Role::Agent,
        },
        text: strip_control_chars_by_line(&message.text),
    });
    ConversationEndView { prompt, question, messages: messages.collect() }
}

impl ConversationEndView {
    /// Returns the conversation as text, each message below its author.
    pub(crate) fn text(&self) -> String {
        let message = |it: &MessageView| {
            let role = match it.role {
                Role::User => "you",
                Role::Agent => "agent",
            };
            format!("{role}: {}\n\n", it.text)
        };
        let asks = self.question.as_ref().map(|question| format!("asks: {question}\n\n"));
        let all = self.messages.iter().map(message).chain(asks).collect::<String>();
        if all.is_empty() { all } else { format!("THE END OF THE CONVERSATION\n\n{all}") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_end_is_bounded_cleaned_and_says_what_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.jsonl");
        let line = |kind: &str, content: serde_json::Value| {
            json!({"type": kind, "message": {"content": content}}).to_string() + "\n"
        };
        let mut text = String::new();
        for n in 0..40 {
            text += &line("user", json!(format!("prompt {n}\n\u{1b}[31m")));
            text += &line("assistant", json!([{"type": "text", "text": "x".repeat(9000)}]));
        }
        text +=
            &line("assistant", json!([{"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "ls"}}]));
        std::fs::write(&path, text).unwrap();
        let shown = |status: &str, waiting_for: Option<&str>| {
            let shown = json!({"agent": "claude", "transcript": path, "status": status, "waiting_for": waiting_for});
            of_session(shown.to_string().as_bytes())
        };
        let end = shown("attention", Some("permission"));
        assert_eq!((end.messages.len(), end.messages[0].role, end.messages[1].text.len()), (20, Role::User, 4000));
        assert_eq!(end.messages[0].text, "prompt 30\n\u{fffd}[31m");
        assert_eq!(
            (end.prompt.as_deref(), end.question.as_deref()),
            (Some("prompt 39 \u{fffd}[31m"), Some("Bash: ls"))
        );
        let said = shown("idle", None).question.unwrap();
        assert_eq!((said.chars().count(), said.chars().last()), (200, Some('…')));
        assert_eq!(shown("active", None).question, None);
        for nothing in ["", "{}", r#"{"agent":"claude","transcript":"/none","status":"idle"}"#] {
            assert_eq!(of_session(nothing.as_bytes()), ConversationEndView::default(), "{nothing}");
        }
    }

    #[test]
    fn a_title_of_any_length_is_kept_in_part() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.jsonl");
        let title = json!({"type": "ai-title", "aiTitle": "x".repeat(1_000_000), "sessionId": "s"});
        std::fs::write(&path, format!("{title}\n")).unwrap();
        let shown = baton_status::Details::of_transcript(Agent::Claude, &path).title.unwrap();
        assert_eq!(shown.chars().count(), 200);
    }
}
