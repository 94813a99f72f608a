//! Claude Code: its payloads, and the file in which it records the session that a process displays.

mod context_usage;
mod conversation;
mod displayed_session;
mod last_turn;
mod session_files;
mod tool_calls;
mod transcript_lines;

use agent_baton_core::agent::Agent;
use agent_baton_core::event::EventName;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::value::RawValue;

use context_usage::read_usage;
use conversation::read_conversation;
use displayed_session::displayed_session;
use last_turn::judge_last_turn;
use session_files::{SESSION_FILES, find_place, is_folder_name};
use tool_calls::read_calls;

use super::background_work;
use super::lenient_json::lenient;
use super::payload::{self, Anything, ParsedEvent, RawString, SessionField, Text};
use super::payload_error::PayloadError;
use super::spec::{AgentSpec, BlockCap};

/// The variable that limits how many `Stop` events in a row a hook may block.
const BLOCK_CAP_VARIABLE: &str = "CLAUDE_CODE_STOP_HOOK_BLOCK_CAP";

/// The limit if the variable is unset. Measured: 8 blocks were obeyed, and the ninth `Stop` ended the turn.
const DEFAULT_BLOCK_CAP: u32 = 8;

/// The reason that Claude gives for an end by SIGTERM, SIGHUP or SIGINT, as when a pane is closed (measured). `-p`
/// always gives it.
const UNREQUESTED_END: &str = "other";

/// Returns the value that a settings file gives that variable. Claude copies the `env` table into its own
/// environment.
fn block_cap(settings: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Settings {
        env: Variables,
    }
    #[derive(Deserialize)]
    struct Variables {
        #[serde(rename = "CLAUDE_CODE_STOP_HOOK_BLOCK_CAP")]
        cap: serde_json::Value,
    }
    // Claude takes a number for its digits.
    match serde_json::from_str(settings).ok().map(|Settings { env }| env.cap)? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) const SPEC: AgentSpec = AgentSpec {
    agent: Agent::Claude,
    title: "Claude Code",
    newest_tested: [2, 1, 332],
    comm: "claude",
    helpers: &[],
    home_variable: "CLAUDE_CONFIG_DIR",
    home_default: ".claude",
    transcripts_directory: "projects",
    is_folder_name: Some(is_folder_name),
    pid_variable: Some("CLAUDE_PID"),
    session_variable: "CLAUDE_CODE_SESSION_ID",
    daemon_argument: None,
    headless_variable: Some(("CLAUDE_CODE_ENTRYPOINT", "sdk")),
    unattended_variable: Some(("CLAUDE_CODE_SESSION_ATTENDED", "0")),
    headless_argument: None,
    resume: &["--resume"],
    directory_option: None,
    find_place,
    shows: Some(displayed_session),
    lock: None,
    judge_last_turn,
    read_usage,
    read_conversation,
    read_calls,
    parse,
    schema,
    replies: &[],
    block_cap: Some(BlockCap { variable: BLOCK_CAP_VARIABLE, default: DEFAULT_BLOCK_CAP, from_settings: block_cap }),
    parse_notification: None,
    notification_schema: None,
    session_files: SESSION_FILES,
};

payload::hooked_events! {
    /// The Claude Code events that baton hooks.
    SessionStart,
    SessionEnd,
    UserPromptSubmit,
    Stop,
    StopFailure,
    Notification,
    PreCompact,
}

/// The fields of a hooked event that baton reads. It accepts any other field without looking at it. Each field counts on
/// its own: except for the event's name and the ids, a value of another type counts as absent.
#[derive(Debug, Deserialize, JsonSchema)]
struct Payload<'a> {
    /// The event.
    hook_event_name: Hooked,
    /// The session's id. Absent, null and empty all mean that there is none.
    #[serde(borrow, default)]
    session_id: SessionField<'a>,
    /// The current directory.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    cwd: Option<Text>,
    /// The path of the transcript. The file may not exist yet.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    transcript_path: Option<Text>,
    /// Why the session begins: startup, resume, clear, fork, compact, or a word of a later version.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    source: Option<Text>,
    /// Why the session ends: clear, resume, logout, prompt_input_exit, or other if the user did not ask for it.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    reason: Option<Text>,
    /// What a notification is about: a question (permission_prompt, elicitation_dialog, agent_needs_input), a reminder
    /// (idle_prompt), a report (auth_success, elicitation_complete, elicitation_response, agent_completed), or a word of a
    /// later version.
    #[serde(default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    notification_type: Option<Text>,
    /// The subagent that sent the event. A value of another type still says that there is one.
    #[serde(borrow)]
    #[schemars(with = "Anything")]
    agent_id: Option<&'a RawValue>,
    /// The prompt. baton keeps its length and digest.
    #[serde(borrow, default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    prompt: Option<RawString<'a>>,
    /// The prompt's id. Several prompts may have the same one. baton keeps its digest.
    #[serde(borrow, default, deserialize_with = "lenient")]
    #[schemars(with = "Anything")]
    prompt_id: Option<RawString<'a>>,
    /// What runs on in the background at a Stop: id and status of each task. Digests of the ids are kept.
    #[serde(borrow)]
    #[schemars(with = "Anything")]
    background_tasks: Option<&'a RawValue>,
    /// The prompts that the agent scheduled for itself. Digests of their ids are kept.
    #[serde(borrow)]
    #[schemars(with = "Anything")]
    session_crons: Option<&'a RawValue>,
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
        terminal_closed: name == EventName::SessionEnd
            && payload.reason.is_some_and(|reason| reason.is(UNREQUESTED_END)),
        subagent: payload.agent_id.is_some_and(|id| id.get() != r#""""#),
        cwd: payload.cwd.and_then(Text::into_path),
        transcript: payload.transcript_path.and_then(Text::into_path),
        prompt: payload.prompt.filter(|_| name == EventName::UserPromptSubmit).map(RawString::to_prompt),
        prompt_id: payload.prompt_id.and_then(RawString::to_id_digest),
        background_work: if name == EventName::Stop {
            background_work::running(payload.background_tasks, payload.session_crons)
        } else {
            Vec::new()
        },
        question: payload.notification_type.filter(|_| name == EventName::Notification).map(Text::into_question),
    })
}

/// Returns the schema of the payloads that [`parse`] accepts.
fn schema() -> Schema {
    payload::schema::<Payload<'_>, Hooked>("An event of Claude Code, as baton reads it")
}
