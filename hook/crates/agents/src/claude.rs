//! Claude Code: its payloads, and the file in which it records the session that a process displays.

mod context_usage;
mod conversation;
mod last_turn;
mod session_files;
mod tool_calls;
mod transcript_lines;

use std::path::Path;

use agent_baton_core::event::EventName;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use context_usage::read_usage;
pub(super) use conversation::read_conversation;
pub(super) use last_turn::judge_last_turn;
pub(super) use session_files::{SESSION_FILES, find_place, is_folder_name};
pub(super) use tool_calls::read_calls;

use super::background_work;
use super::lenient_json::{LenientString, lenient};
use super::payload::{self, Anything, ParsedEvent, RawString, SessionField, Text};
use super::payload_error::PayloadError;
use baton_fs::read;

/// The largest `sessions/<pid>.json` that baton reads, in bytes. Real files have about 500 bytes.
const MAX_SESSION_FILE: usize = 64 * 1024;

/// The variable that limits how many `Stop` events in a row a hook may block.
pub(super) const BLOCK_CAP_VARIABLE: &str = "CLAUDE_CODE_STOP_HOOK_BLOCK_CAP";

/// The limit if the variable is unset. Measured: 8 blocks were obeyed, and the ninth `Stop` ended the turn.
pub(super) const DEFAULT_BLOCK_CAP: u32 = 8;

/// The reason that Claude gives for an end by SIGTERM, SIGHUP or SIGINT, as when a pane is closed (measured). `-p`
/// always gives it.
const UNREQUESTED_END: &str = "other";

/// Returns the value that a settings file gives that variable. Claude copies the `env` table into its own
/// environment.
pub(super) fn block_cap(settings: &str) -> Option<String> {
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
pub(super) fn parse(text: &str) -> Result<ParsedEvent, PayloadError> {
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
pub(super) fn schema() -> Schema {
    payload::schema::<Payload<'_>, Hooked>("An event of Claude Code, as baton reads it")
}

/// The fields of `sessions/<pid>.json` that baton reads. Claude updates the file at `/clear` and `/resume`, and
/// leaves it behind after a SIGKILL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionFile {
    session_id: String,
    proc_start: ProcStart,
    #[serde(default, deserialize_with = "lenient")]
    cwd: Option<String>,
    /// `cli` before a user, `sdk-cli` with `-p`.
    #[serde(default, deserialize_with = "lenient")]
    entrypoint: Option<LenientString>,
    /// The machine and pid namespace in which the pid counts.
    #[serde(default, deserialize_with = "lenient")]
    pid_domain: Option<LenientString>,
}

/// The start time of the process in ticks. Some versions write a number, others a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum ProcStart {
    Number(u64),
    Text(String),
}

/// Returns the session that Claude's own file names for this process. Returns `None` if the file is missing or
/// unreadable, or if it was written for an earlier process with the same pid.
pub(super) fn displayed_session(home: &Path, process: &Process) -> Option<SessionId> {
    let path = home.join("sessions").join(format!("{}.json", process.pid));
    let bytes = read::read_own(&path, MAX_SESSION_FILE).ok()?;
    let file: SessionFile = serde_json::from_slice(&bytes).ok()?;
    if file.start()? == process.start { file.session_id.parse().ok() } else { None }
}

impl SessionFile {
    fn start(&self) -> Option<u64> {
        match &self.proc_start {
            ProcStart::Number(ticks) => Some(*ticks),
            ProcStart::Text(text) => text.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: (u32, u64) = (4711, 381_757);

    fn check(content: &str, expected: Option<&str>) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("sessions")).unwrap();
        std::fs::write(home.path().join("sessions/4711.json"), content).unwrap();
        let (pid, start) = PROCESS;
        let process = Process { pid, start, boot: String::new(), machine: String::new(), pidns: 1 };
        let found = displayed_session(home.path(), &process);
        assert_eq!(found.as_ref().map(SessionId::as_str), expected, "{content}");
    }

    #[test]
    fn the_session_file_counts_for_the_process_it_was_written_for() {
        check(r#"{"pid":4711,"sessionId":"s1","procStart":381757,"tmux":"a:@0.%0"}"#, Some("s1"));
        check(r#"{"pid":4711,"sessionId":"s1","procStart":"381757"}"#, Some("s1"));
        check(
            r#"{"sessionId":"s1","procStart":381757,"cwd":"/a\udc00","entrypoint":"\ud800","pidDomain":7}"#,
            Some("s1"),
        );
        check(r#"{"pid":4711,"sessionId":"s1","procStart":381758}"#, None);
        check(r#"{"pid":4711,"sessionId":"s1","procStart":"Mon Nov 21"}"#, None);
        check(r#"{"pid":4711,"sessionId":"s1"}"#, None);
        check(r#"{"pid":4711,"sessionId":"../s1","procStart":381757}"#, None);
        check(r#"{"pid":4711,"sessionId":"s1","procStart":381757"#, None);
        check("", None);
        check(&" ".repeat(MAX_SESSION_FILE + 1), None);
    }

    #[test]
    fn a_session_file_that_is_a_link_or_a_pipe_is_not_read() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("sessions")).unwrap();
        let (pid, start) = PROCESS;
        let process = Process { pid, start, boot: String::new(), machine: String::new(), pidns: 1 };
        assert_eq!(displayed_session(home.path(), &process), None);

        let path = home.path().join("sessions/4711.json");
        let elsewhere = home.path().join("elsewhere.json");
        std::fs::write(&elsewhere, r#"{"sessionId":"s1","procStart":381757}"#).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert_eq!(displayed_session(home.path(), &process), None);

        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(displayed_session(home.path(), &process), None);
    }
}
