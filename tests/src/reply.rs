//! What the program says to an agent, held to what both agents take.

use serde::Deserialize;

/// A reply that both agents accept whole. Codex drops a reply with any other key.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// To the user.
    #[serde(rename = "systemMessage")]
    pub user: Option<String>,
    /// The word by which a turn goes on, with the prompt.
    pub decision: Option<String>,
    /// That prompt.
    pub reason: Option<String>,
    /// To the model.
    #[serde(rename = "hookSpecificOutput")]
    pub model: Option<Specific>,
}

/// The part that is of one event.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specific {
    /// The event; agents drop the reply when it is another's.
    #[serde(rename = "hookEventName")]
    pub event: String,
    /// The words for the model.
    #[serde(rename = "additionalContext")]
    pub context: String,
}

impl Reply {
    /// Parses what stood on stdout: nothing, or exactly one object that says something.
    ///
    /// # Errors
    /// What an agent would stumble over.
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

    /// Whom it tells something.
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
