//! Codex: its payloads, and the lock file that shows which process writes a thread.

mod context_usage;
mod conversation;
mod last_turn;
mod session_files;
mod thread_place;
mod tool_calls;
mod transcript_lines;

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::event::EventName;
use agent_baton_core::id::SessionId;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::value::RawValue;

use context_usage::read_usage;
use conversation::read_conversation;
use last_turn::judge_last_turn;
use session_files::SESSION_FILES;
use thread_place::find_place;
use tool_calls::read_calls;

use super::lenient_json::lenient;
use super::payload::{self, Anything, ParsedEvent, RawString, SessionField, Text};
use super::payload_error::PayloadError;
use super::spec::AgentSpec;

pub(super) const SPEC: AgentSpec = AgentSpec {
    agent: Agent::Codex,
    title: "Codex",
    newest_tested: [0, 171, 0],
    comm: "codex",
    // Codex' sandbox and its exec wrapper stand between a tool and the agent.
    helpers: &["codex-linux-", "codex-execve"],
    home_variable: "CODEX_HOME",
    home_default: ".codex",
    transcripts_directory: "sessions",
    is_folder_name: None,
    pid_variable: None,
    session_variable: "CODEX_THREAD_ID",
    daemon_argument: Some("app-server"),
    headless_variable: None,
    unattended_variable: None,
    headless_argument: Some("exec"),
    resume: &["resume"],
    directory_option: Some("-C"),
    find_place,
    shows: None,
    lock: Some(writer_lock),
    judge_last_turn,
    read_usage,
    read_conversation,
    read_calls,
    parse,
    schema,
    replies: &[EventName::Interrupt, EventName::PermissionRequest],
    // Measured: thirteen blocked `Stop` events in a row met no limit.
    block_cap: None,
    parse_notification: Some(parse_notification),
    notification_schema: Some(notification_schema),
    session_files: SESSION_FILES,
};

payload::hooked_events! {
    /// The Codex events that baton hooks.
    SessionStart,
    SessionEnd,
    UserPromptSubmit,
    Stop,
    Interrupt,
    PermissionRequest,
    PreCompact,
}

/// The fields of a hooked event that baton reads. It accepts any other field without looking at it. Each field counts on
/// its own: except for the event's name and the ids, a value of another type counts as absent.
#[derive(Debug, Deserialize, JsonSchema)]
struct Payload<'a> {
    /// The event.
    hook_event_name: Hooked,
    /// The thread's id. Absent, null and empty all mean that there is none. An event of a subagent has the id of the
    /// parent thread.
    #[serde(borrow, default)]
    session_id: SessionField<'a>,
    /// The thread's directory.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    cwd: Option<Text>,
    /// The path of the transcript, or null for an ephemeral thread.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    transcript_path: Option<Text>,
    /// Why the thread begins: startup, resume, clear, fork, compact, or a word of a later version.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    source: Option<Text>,
    /// The subagent that sent the event. A value of another type still says that there is one.
    #[serde(borrow)]
    #[schemars(with = "Anything")]
    agent_id: Option<&'a RawValue>,
    /// The prompt. baton keeps its length and digest.
    #[serde(borrow, default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    prompt: Option<RawString<'a>>,
    /// The turn's id. Several prompts may have the same one. baton keeps its digest.
    #[serde(borrow, default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    turn_id: Option<RawString<'a>>,
}

/// Parses one payload.
///
/// # Errors
/// Returns an error if the text is not JSON, has no `hook_event_name`, or if the id of a hooked event cannot be used.
fn parse(text: &str) -> Result<ParsedEvent, PayloadError> {
    if payload::parse_event_name::<Hooked>(text)?.is_none() {
        return Ok(ParsedEvent::OTHER);
    }
    let payload: Payload<'_> = serde_json::from_str(text).map_err(PayloadError::Json)?;
    let name = EventName::from(payload.hook_event_name);
    Ok(ParsedEvent {
        name,
        session: payload.session_id.parse("session_id")?,
        source: payload.source.filter(|_| name == EventName::SessionStart).map(Text::into_source),
        // Codex knows no reason but "other", and it sends no event at all when its terminal goes away.
        terminal_closed: false,
        subagent: payload.agent_id.is_some_and(|id| id.get() != r#""""#),
        cwd: payload.cwd.and_then(Text::into_path),
        transcript: payload.transcript_path.and_then(Text::into_path),
        prompt: payload.prompt.filter(|_| name == EventName::UserPromptSubmit).map(RawString::to_prompt),
        prompt_id: payload.turn_id.and_then(RawString::to_id_digest),
        // Its Stop names none.
        background_work: Vec::new(),
        question: None,
    })
}

/// What Codex passes to its notify program as the last argument when a turn has ended. baton ignores any other field. Except
/// for `type` and the id, a value of another type counts as absent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Notification<'a> {
    /// What happened: `agent-turn-complete`, or a word of a later version.
    #[serde(rename = "type", borrow)]
    #[schemars(with = "String")]
    kind: Option<&'a RawValue>,
    /// The thread's id. Absent, null and empty all mean that there is none.
    #[serde(borrow, default)]
    thread_id: SessionField<'a>,
    /// The thread's directory.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    cwd: Option<Text>,
    /// The turn's id. baton keeps its digest.
    #[serde(borrow, default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    turn_id: Option<RawString<'a>>,
}

/// Parses the argument of the notify program.
///
/// # Errors
/// Returns an error if the text is not JSON, has no `type`, or if the id cannot be used.
fn parse_notification(text: &str) -> Result<ParsedEvent, PayloadError> {
    let told: Notification<'_> = serde_json::from_str(text).map_err(PayloadError::Json)?;
    if !payload::parse_kind("type", told.kind)?.is("agent-turn-complete") {
        return Ok(ParsedEvent::OTHER);
    }
    Ok(ParsedEvent {
        name: EventName::Stop,
        session: told.thread_id.parse("thread-id")?,
        cwd: told.cwd.and_then(Text::into_path),
        prompt_id: told.turn_id.and_then(RawString::to_id_digest),
        ..ParsedEvent::OTHER
    })
}

/// Returns the schema of the arguments that [`parse_notification`] accepts.
fn notification_schema() -> Schema {
    schemars::schema_for!(Notification<'_>)
}

/// Returns the schema of the payloads that [`parse`] accepts.
fn schema() -> Schema {
    payload::schema::<Payload<'_>, Hooked>("An event of Codex, as baton reads it")
}

/// Returns the path of the file that a process locks while it writes a thread. Only the lock counts: the file itself
/// stays behind after a SIGKILL.
fn writer_lock(home: &Path, session: &SessionId) -> PathBuf {
    home.join("thread-writer-locks").join(format!("{session}.lock"))
}
