//! What the agents' payloads have in common: tolerant field types, and the event that baton builds from the fields.

use std::path::Path;

use agent_baton_core::event::{EventName, Prompt, Question, Source};
use agent_baton_core::id::{ID_PATTERN, SessionId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, IntoDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::lenient_json::{Lenient, LenientString};
use super::payload_error::PayloadError;
use baton_fs::hash::sha256_hex;

/// The longest path that baton accepts from a payload, in bytes. The kernel accepts none that is longer.
pub const MAX_PATH: usize = 4096;

/// The beginning of the prompt that Claude writes itself when a background task has ended.
const TASK_NOTIFICATION: &str = "<task-notification>";

/// What baton takes from one payload, in one form for all agents. It holds no prompt, message or tool input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedEvent {
    /// The event.
    pub name: EventName,
    /// The session. `None` if the id is absent, null or empty.
    pub session: Option<SessionId>,
    /// Why the session begins (`SessionStart` only).
    pub source: Option<Source>,
    /// Whether the session ended without the user asking for it, as far as the payload shows (`SessionEnd` only).
    pub terminal_closed: bool,
    /// Whether the event came from a subagent.
    pub subagent: bool,
    /// The directory of the event, absolute.
    pub cwd: Option<String>,
    /// The path of the transcript, absolute.
    pub transcript: Option<String>,
    /// The prompt's length and digest (`UserPromptSubmit` only).
    pub prompt: Option<Prompt>,
    /// The digest of the client's id of the prompt or turn.
    pub prompt_id: Option<String>,
    /// Digests of the ids of what the agent has in the background (`Stop` only).
    pub background_work: Vec<String>,
    /// What the agent asks (`Notification` only).
    pub question: Option<Question>,
}

impl ParsedEvent {
    /// An event that baton does not hook. Only its arrival is known.
    pub(super) const OTHER: Self = Self {
        name: EventName::Other,
        session: None,
        source: None,
        terminal_closed: false,
        subagent: false,
        cwd: None,
        transcript: None,
        prompt: None,
        prompt_id: None,
        background_work: Vec::new(),
        question: None,
    };
}

/// The fields of a `Stop` that only loops need. The fast path does not read them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StopDetails {
    /// Whether a hook has already continued this turn.
    pub continued: bool,
    /// The agent's last message.
    pub message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StopFields {
    stop_hook_active: Lenient<bool>,
    last_assistant_message: Lenient<LenientString>,
}

impl StopDetails {
    /// The details in a payload's text. A field that has another type is absent. A message with half of a surrogate pair is
    /// kept: the rest of it may hold a loop's phrase.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let fields: StopFields = serde_json::from_str(text).unwrap_or_default();
        Self {
            continued: fields.stop_hook_active.0 == Some(true),
            message: fields.last_assistant_message.0.map(LenientString::into_string),
        }
    }
}

/// Defines the events of an agent that baton hooks.
macro_rules! hooked_events {
    ($(#[$doc:meta])* $($name:ident,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
        enum Hooked {
            $($name,)+
        }

        impl From<Hooked> for EventName {
            fn from(hooked: Hooked) -> Self {
                match hooked { $(Hooked::$name => Self::$name,)+ }
            }
        }
    };
}
pub(super) use hooked_events;

/// The one field that every payload must have. It is read before any other.
#[derive(Deserialize)]
struct EventHead<'a> {
    #[serde(borrow)]
    hook_event_name: Option<&'a RawValue>,
}

/// Returns the event's name if the agent's hooked events include it, and `None` for every other name.
pub(super) fn parse_event_name<H: for<'de> Deserialize<'de>>(text: &str) -> Result<Option<H>, PayloadError> {
    let EventHead { hook_event_name } = serde_json::from_str(text).map_err(PayloadError::Json)?;
    let Text(name) = parse_kind("hook_event_name", hook_event_name)?;
    let known = |name: &str| H::deserialize(IntoDeserializer::<serde::de::value::Error>::into_deserializer(name)).ok();
    Ok(name.as_deref().and_then(known))
}

/// Returns the text of the field that says what a payload is.
pub(super) fn parse_kind(field: &'static str, value: Option<&RawValue>) -> Result<Text, PayloadError> {
    let value = value.ok_or(PayloadError::NoKind { field })?;
    serde_json::from_str(value.get()).map_err(|_| PayloadError::Kind { field })
}

/// What a field that may be absent may hold: anything, since a value of another type counts as absent.
pub(super) type Anything = Option<serde_json::Value>;

/// Returns the schema of the accepted payloads: a hooked event whose id can be used, or any event of another name.
pub(super) fn schema<Payload: JsonSchema, Hooked: JsonSchema>(title: &str) -> Schema {
    let mut generator = SchemaGenerator::default();
    let payload = generator.subschema_for::<Payload>();
    let hooked = generator.subschema_for::<Hooked>();
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "anyOf": [
            payload,
            {
                "description": "An event that baton does not hook: accepted and not looked into.",
                "type": "object",
                "required": ["hook_event_name"],
                "properties": { "hook_event_name": { "type": "string", "not": hooked } },
            },
        ],
        "$defs": generator.take_definitions(true),
    })
}

/// A string. JavaScript clients may send an unpaired surrogate, which is legal in JSON but not in UTF-8. baton
/// accepts such a string and treats its text as unknown.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(transparent, inline)]
pub(super) struct Text(#[schemars(with = "String")] Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let RawString(inner) = RawString::deserialize(from)?;
        if !inner.contains('\\') {
            return Ok(Self(Some(inner.to_owned())));
        }
        Ok(Self(serde_json::from_str(&format!("\"{inner}\"")).ok()))
    }
}

impl Text {
    /// Returns the text if it is an absolute path that the kernel could accept.
    pub(super) fn into_path(self) -> Option<String> {
        self.0.filter(|path| path.len() <= MAX_PATH && !path.contains('\0') && Path::new(path).is_absolute())
    }

    /// Interprets the text as the reason why a session begins.
    pub(super) fn into_source(self) -> Source {
        match self.0.as_deref() {
            Some("startup") => Source::Startup,
            Some("resume") => Source::Resume,
            Some("clear") => Source::Clear,
            Some("fork") => Source::Fork,
            Some("compact") => Source::Compact,
            _ => Source::Other,
        }
    }

    /// Interprets the text as the subject of a Claude notification. A kind that this version does not know may be a
    /// question: a user who looks in vain loses less than one who is not called.
    pub(super) fn into_question(self) -> Question {
        match self.0.as_deref() {
            Some("permission_prompt") => Question::Permission,
            Some("elicitation_dialog" | "agent_needs_input") => Question::Answer,
            Some("idle_prompt") => Question::Prompt,
            Some("elicitation_complete" | "elicitation_response") => Question::Answered,
            Some("auth_success" | "agent_completed") => Question::Nothing,
            _ => Question::Other,
        }
    }

    /// Returns whether the text equals this word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.0.as_deref() == Some(word)
    }
}

/// A string as it appears in the payload, with escapes and without quotes. baton measures it and never stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(transparent, inline)]
pub(super) struct RawString<'a>(#[schemars(with = "String")] &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for RawString<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'a RawValue>::deserialize(from)?.get();
        let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.map(Self).ok_or_else(|| D::Error::custom("expected a string"))
    }
}

impl RawString<'_> {
    /// Returns the prompt's length and digest.
    pub(super) fn to_prompt(self) -> Prompt {
        Prompt {
            bytes: self.0.len() as u64,
            digest: sha256_hex(self.0.as_bytes(), 8),
            by_user: !self.begins_with(TASK_NOTIFICATION),
        }
    }

    /// Returns the digest of an id, or `None` if the id is empty.
    pub(super) fn to_id_digest(self) -> Option<String> {
        (!self.0.is_empty()).then(|| sha256_hex(self.0.as_bytes(), 8))
    }

    /// Returns whether the text begins with `words` (ASCII). Each character may be itself or a `\u` escape.
    fn begins_with(self, words: &str) -> bool {
        let mut rest = self.0;
        words.chars().all(|expected| {
            let escaped = || {
                let (digits, after) = rest.strip_prefix("\\u")?.split_at_checked(4)?;
                (u32::from_str_radix(digits, 16).ok()? == u32::from(expected)).then_some(after)
            };
            let after = rest.strip_prefix(expected).or_else(escaped);
            rest = after.unwrap_or_default();
            after.is_some()
        })
    }
}

/// A session's id. Absent, null and empty mean that there is none. Anything else must be a valid id.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent, inline)]
pub(super) struct SessionField<'a>(
    #[serde(borrow)]
    #[schemars(schema_with = "session_schema")]
    Option<&'a RawValue>,
);

fn session_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": format!("^$|{ID_PATTERN}") })
}

impl SessionField<'_> {
    /// Returns the id. An event without a usable one is not handled: it might be any session's.
    pub(super) fn parse(self, field: &'static str) -> Result<Option<SessionId>, PayloadError> {
        let refused = |why: String| PayloadError::Session { field, why };
        let Some(value) = self.0 else { return Ok(None) };
        let Text(text) = serde_json::from_str(value.get()).map_err(|_| refused("is not a string".to_owned()))?;
        let text = text.ok_or_else(|| refused("holds half of a surrogate pair".to_owned()))?;
        if text.is_empty() {
            return Ok(None);
        }
        // The message leaves the id out: it may be long, or contain control characters that harm a terminal.
        SessionId::try_from(text).map(Some).map_err(|error| refused(error.to_string()))
    }
}
