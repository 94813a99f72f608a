//! Checks what the program replies to an agent against what both agents accept.

use serde::Deserialize;

/// A reply that both agents accept completely. Codex drops a reply with any other key.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The message to the user.
    #[serde(rename = "systemMessage")]
    pub user: Option<String>,
    /// The decision that continues a turn with the prompt.
    pub decision: Option<String>,
    /// The prompt.
    pub reason: Option<String>,
    /// The message to the model.
    #[serde(rename = "hookSpecificOutput")]
    pub model: Option<Specific>,
}

/// The part that belongs to one event.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specific {
    /// The event. Agents drop the reply if it is another event's.
    #[serde(rename = "hookEventName")]
    pub event: String,
    /// The text for the model.
    #[serde(rename = "additionalContext")]
    pub context: String,
}

impl Reply {
    /// Parses stdout, which must be empty or contain exactly one object with a message.
    ///
    /// # Errors
    /// Returns what an agent would reject.
    pub fn parse(stdout: &str, event: &str) -> Result<Option<Self>, String> {
        if stdout.is_empty() {
            return Ok(None);
        }
        let reply: Self = serde_json::from_str(stdout).map_err(|error| format!("{error}: {stdout:?}"))?;
        match &reply.model {
            Some(model) if model.event != event => Err(format!("a reply to {} on {event}", model.event)),
            Some(_) if !matches!(event, "SessionStart" | "UserPromptSubmit") => {
                Err(format!("words for the model on {event}"))
            }
            _ if reply.decision.is_some() != reply.reason.is_some() => Err(format!("half a block: {stdout:?}")),
            _ if reply.decision.is_some() && (event != "Stop" || reply.decision.as_deref() != Some("block")) => {
                Err(format!("a block on {event}: {stdout:?}"))
            }
            None if reply.user.is_none() && reply.decision.is_none() => {
                Err(format!("a reply that says nothing: {stdout:?}"))
            }
            _ => Ok(Some(reply)),
        }
    }

    /// Returns who gets a message.
    #[must_use]
    pub const fn audience(&self) -> &'static str {
        if self.decision.is_some() {
            return "lets the agent go on";
        }
        match (&self.model, &self.user) {
            (Some(_), Some(_)) => "tells the model and the user",
            (Some(_), None) => "tells the model",
            (None, _) => "tells the user",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stdout: &str, expected: Result<Option<&str>, ()>) {
        let reply = Reply::parse(stdout, "SessionStart");
        let said = reply.as_ref().map(|reply| reply.as_ref().map(Reply::audience)).map_err(|_| ());
        assert_eq!(said, expected, "{stdout}: {reply:?}");
    }

    #[test]
    fn what_an_agent_would_drop_is_no_reply() {
        check("", Ok(None));
        check(r#"{"systemMessage":"s"}"#, Ok(Some("tells the user")));
        let model = r#""hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"c"}"#;
        check(&format!("{{{model}}}"), Ok(Some("tells the model")));
        check(&format!("{{{model},\"systemMessage\":\"s\"}}\n"), Ok(Some("tells the model and the user")));
        check("\n", Err(()));
        check("{}", Err(()));
        check("{} {}", Err(()));
        check("words", Err(()));
        check(r#"{"systemMessage":"s","more":1}"#, Err(()));
        check(&format!("{{{model}}}").replace("SessionStart", "Stop"), Err(()));
        check(&format!("{{{model}}}").replace("}}", r#","more":1}}"#), Err(()));
    }

    #[test]
    fn nothing_is_said_to_the_model_where_a_turn_would_go_on_by_it() {
        let stdout = r#"{"hookSpecificOutput":{"hookEventName":"Stop","additionalContext":"c"}}"#;
        assert!(Reply::parse(stdout, "Stop").is_err());
        for (event, stdout, holds) in [
            ("Stop", r#"{"decision":"block","reason":"r"}"#, true),
            ("Stop", r#"{"decision":"block","reason":"r","systemMessage":"s"}"#, true),
            ("Stop", r#"{"decision":"approve","reason":"r"}"#, false),
            ("Stop", r#"{"decision":"block"}"#, false),
            ("Stop", r#"{"reason":"r"}"#, false),
            ("UserPromptSubmit", r#"{"decision":"block","reason":"r"}"#, false),
        ] {
            assert_eq!(Reply::parse(stdout, event).is_ok(), holds, "{event} {stdout}");
        }
    }
}
