//! Codex: its payloads, and the lock that tells which process writes a thread.

mod context_usage;
mod last_turn;
mod session_files;
mod transcript_lines;

use std::path::{Path, PathBuf};

use agent_baton_core::event::EventName;
use agent_baton_core::id::SessionId;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;

pub(super) use context_usage::read_usage;
pub(super) use last_turn::judge_last_turn;
pub(super) use session_files::SESSION_FILES;

use super::payload::{self, ParsedEvent, RawString, SessionField, Text};

/// The events of Codex that baton hooks.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
enum Hooked {
    SessionStart,
    SessionEnd,
    UserPromptSubmit,
    Stop,
    Interrupt,
    PermissionRequest,
    PreCompact,
}

impl From<Hooked> for EventName {
    fn from(hooked: Hooked) -> Self {
        match hooked {
            Hooked::SessionStart => Self::SessionStart,
            Hooked::SessionEnd => Self::SessionEnd,
            Hooked::UserPromptSubmit => Self::UserPromptSubmit,
            Hooked::Stop => Self::Stop,
            Hooked::Interrupt => Self::Interrupt,
            Hooked::PermissionRequest => Self::PermissionRequest,
            Hooked::PreCompact => Self::PreCompact,
        }
    }
}

/// The fields of a hooked event that baton reads; any other field is accepted and not looked into.
#[derive(Debug, Deserialize, JsonSchema)]
struct Payload<'a> {
    /// What happened.
    hook_event_name: Hooked,
    /// The thread's id; absent, null and empty are none. A subagent's event has its parent's.
    #[serde(default)]
    session_id: SessionField,
    /// The thread's directory.
    cwd: Option<Text>,
    /// Where the conversation is written; null for an ephemeral thread.
    transcript_path: Option<Text>,
    /// Why the thread begins: startup, resume, clear, fork, compact, or a word of a later version.
    source: Option<Text>,
    /// The subagent that the event came from.
    agent_id: Option<Text>,
    /// The prompt. Its length and digest are kept.
    #[serde(borrow)]
    prompt: Option<RawString<'a>>,
    /// The turn's id; several prompts may have the same. Its digest is kept.
    #[serde(borrow)]
    turn_id: Option<RawString<'a>>,
}

/// Parses one payload.
///
/// # Errors
/// Where it is no JSON, has no `hook_event_name`, or a known field of a hooked event has another type.
pub(super) fn parse(text: &str) -> Result<ParsedEvent, serde_json::Error> {
    if payload::parse_event_name::<Hooked>(text)?.is_none() {
        return Ok(ParsedEvent::OTHER);
    }
    let payload: Payload<'_> = serde_json::from_str(text)?;
    let name = EventName::from(payload.hook_event_name);
    Ok(ParsedEvent {
        name,
        session: payload.session_id.0,
        source: payload.source.filter(|_| name == EventName::SessionStart).map(Text::into_source),
        // Its only word is "other", and a terminal that goes away gives no event at all.
        terminal_closed: false,
        subagent: payload.agent_id.as_ref().is_some_and(Text::is_filled),
        cwd: payload.cwd.and_then(Text::into_path),
        transcript: payload.transcript_path.and_then(Text::into_path),
        prompt: payload.prompt.filter(|_| name == EventName::UserPromptSubmit).map(RawString::to_prompt),
        prompt_id: payload.turn_id.and_then(RawString::to_id_digest),
        question: None,
    })
}

/// What Codex hands its notify program as the last argument when a turn is over; any other field is not looked into.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Notification<'a> {
    /// What happened: `agent-turn-complete`, or a word of a later version.
    #[serde(rename = "type")]
    kind: Text,
    /// The thread's id; absent, null and empty are none.
    #[serde(default)]
    thread_id: SessionField,
    /// The thread's directory.
    cwd: Option<Text>,
    /// The turn's id. Its digest is kept.
    #[serde(borrow)]
    turn_id: Option<RawString<'a>>,
}

/// Parses what the notify program is handed.
///
/// # Errors
/// Where it is no JSON, has no `type`, or a known field has another type.
pub(super) fn parse_notification(text: &str) -> Result<ParsedEvent, serde_json::Error> {
    let told: Notification<'_> = serde_json::from_str(text)?;
    if !told.kind.is("agent-turn-complete") {
        return Ok(ParsedEvent::OTHER);
    }
    Ok(ParsedEvent {
        name: EventName::Stop,
        session: told.thread_id.0,
        cwd: told.cwd.and_then(Text::into_path),
        prompt_id: told.turn_id.and_then(RawString::to_id_digest),
        ..ParsedEvent::OTHER
    })
}

/// The schema of what [`parse_notification`] accepts.
pub(super) fn notification_schema() -> Schema {
    schemars::schema_for!(Notification<'_>)
}

/// The schema of the payloads that [`parse`] accepts.
pub(super) fn schema() -> Schema {
    payload::schema::<Payload<'_>, Hooked>("An event of Codex, as baton reads it")
}

/// The file on which the process that writes a thread holds a lock. The file's being there says nothing: it stays
/// behind after a SIGKILL.
pub(super) fn writer_lock(home: &Path, session: &SessionId) -> PathBuf {
    home.join("thread-writer-locks").join(format!("{session}.lock"))
}
