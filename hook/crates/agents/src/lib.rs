//! What baton knows about the agents Claude Code and Codex, as a table. To add a third agent, add one entry and one
//! file.
//!
//! This crate may touch stdin, the agents' own directories, and the system through an [`AgentInspector`]. It changes
//! nothing. Only this crate knows the agents' JSON.

mod background_work;
mod claude;
mod codex;
mod context_usage;
mod conversation;
mod conversation_directory;
mod disabled;
mod event;
mod identify;
mod inspector;
mod lenient_json;
mod message_text;
mod pane_proof;
mod payload;
mod payload_error;
mod probe;
mod profile;
pub mod raw_event;
pub mod reply;
pub mod session_files;
mod supervisor_claim;
mod survivors;
mod tool_calls;
mod transcript;
mod transcript_place;

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::event::LastTurn;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use schemars::Schema;

pub use context_usage::{ContextUsage, PromptCount, TranscriptStats};
pub use conversation::{ConversationEnd, ConversationLimits, Extent, Message, Speaker};
pub use conversation_directory::conversation_directory;
pub use disabled::DISABLE_VARIABLE;
pub use identify::Lineage;
pub use inspector::AgentInspector;
pub use message_text::{MessageText, message_text};
pub use pane_proof::PaneError;
pub use payload::{ParsedEvent, StopDetails};
pub use payload_error::PayloadError;
pub use profile::Profile;
pub use supervisor_claim::{FENCE_VARIABLE, RUN_VARIABLE};
pub use survivors::{COMMAND_SESSION_VARIABLE, Survivor};
pub use tool_calls::ToolCalls;
pub use transcript_place::{MovedConversation, PlaceError, unpack_transcript};

use crate::raw_event::RawEvent;
use baton_system::environment::Environment;

/// One agent.
#[derive(Debug)]
pub struct AgentSpec {
    /// The agent.
    pub agent: Agent,
    /// The prefix of its process names.
    pub comm: &'static str,
    /// The prefixes of the names of its helper processes, which only run something for it.
    pub helpers: &'static [&'static str],
    /// The variable that names its directory.
    pub home_variable: &'static str,
    /// Its directory under the user's home, if the variable is unset.
    pub home_default: &'static str,
    /// The directory in its directory that contains its transcripts.
    pub transcripts_directory: &'static str,
    /// Returns whether the folder of a transcript has the name that the agent gives it for a directory. `None` if its
    /// folders are not named after directories.
    is_folder_name: Option<fn(&str, &str) -> bool>,
    /// The variable that passes its pid to hooks and tools.
    pub pid_variable: Option<&'static str>,
    /// The variable that passes its session's id to tools.
    pub session_variable: &'static str,
    /// The argument of a process that serves several panes.
    pub daemon_argument: Option<&'static str>,
    /// The variable that tells its hooks how it was started, and the prefix of its value in a headless session.
    headless_variable: Option<(&'static str, &'static str)>,
    /// The variable that shows whether a user attends the session, and its value if none does. In such a session, a
    /// closed terminal counts as an ordinary end.
    unattended_variable: Option<(&'static str, &'static str)>,
    /// The argument of a headless session.
    headless_argument: Option<&'static str>,
    /// The arguments that resume a session.
    pub resume: &'static [&'static str],
    /// The option that names the directory in which a session is resumed, if the agent would otherwise ask its user.
    pub directory_option: Option<&'static str>,
    /// Returns where the agent looks for a conversation.
    find_place: transcript_place::FindPlace,
    /// Reads from the agent's directory which session a process displays.
    shows: Option<fn(&Path, &Process) -> Option<SessionId>>,
    /// Returns the file in the agent's directory that a process locks while it writes a session.
    lock: Option<fn(&Path, &SessionId) -> PathBuf>,
    /// Reads from the end of a transcript how its last turn ended.
    judge_last_turn: transcript::JudgeLastTurn,
    /// Reads from the end of a transcript how full the context is.
    read_usage: context_usage::ReadUsage,
    /// Reads the last messages from the end of a transcript.
    read_conversation: conversation::ReadConversation,
    /// Reads the tool calls of the newest turn from the end of a transcript.
    read_calls: tool_calls::ReadCalls,
    parse: Parse,
    /// How many `Stop` events in a row a hook may block.
    pub block_cap: Option<BlockCap>,
    /// Reads what its older mechanism for reporting the end of a turn passes to a program: one JSON object as an argument.
    parse_notification: Option<Parse>,
    /// The files that it writes about its sessions.
    pub session_files: session_files::SessionFiles,
}

/// Reads the fields of a JSON text that baton uses.
type Parse = fn(&str) -> Result<ParsedEvent, PayloadError>;

/// An agent's limit on how many `Stop` events in a row a hook may block.
#[derive(Debug, Clone, Copy)]
pub struct BlockCap {
    /// The variable that sets the limit.
    pub variable: &'static str,
    /// The limit if nothing sets the variable.
    pub default: u32,
    /// Returns the value that a settings file of the agent, given as text, gives the variable.
    pub from_settings: fn(&str) -> Option<String>,
}

const CLAUDE: AgentSpec = AgentSpec {
    agent: Agent::Claude,
    comm: "claude",
    helpers: &[],
    home_variable: "CLAUDE_CONFIG_DIR",
    home_default: ".claude",
    transcripts_directory: "projects",
    is_folder_name: Some(claude::is_folder_name),
    pid_variable: Some("CLAUDE_PID"),
    session_variable: "CLAUDE_CODE_SESSION_ID",
    daemon_argument: None,
    headless_variable: Some(("CLAUDE_CODE_ENTRYPOINT", "sdk")),
    unattended_variable: Some(("CLAUDE_CODE_SESSION_ATTENDED", "0")),
    headless_argument: None,
    resume: &["--resume"],
    directory_option: None,
    find_place: claude::find_place,
    shows: Some(claude::displayed_session),
    lock: None,
    judge_last_turn: claude::judge_last_turn,
    read_usage: claude::read_usage,
    read_conversation: claude::read_conversation,
    read_calls: claude::read_calls,
    parse: claude::parse,
    block_cap: Some(BlockCap {
        variable: claude::BLOCK_CAP_VARIABLE,
        default: claude::DEFAULT_BLOCK_CAP,
        from_settings: claude::block_cap,
    }),
    parse_notification: None,
    session_files: claude::SESSION_FILES,
};

const CODEX: AgentSpec = AgentSpec {
    agent: Agent::Codex,
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
    find_place: codex::find_place,
    shows: None,
    lock: Some(codex::writer_lock),
    judge_last_turn: codex::judge_last_turn,
    read_usage: codex::read_usage,
    read_conversation: codex::read_conversation,
    read_calls: codex::read_calls,
    parse: codex::parse,
    // Measured: thirteen blocked `Stop` events in a row met no limit.
    block_cap: None,
    parse_notification: Some(codex::parse_notification),
    session_files: codex::SESSION_FILES,
};

/// Every agent.
pub static AGENTS: [AgentSpec; Agent::ALL.len()] = [CLAUDE, CODEX];

/// Returns the entry of an agent.
#[must_use]
pub const fn spec(agent: Agent) -> &'static AgentSpec {
    match agent {
        Agent::Claude => &CLAUDE,
        Agent::Codex => &CODEX,
    }
}

impl AgentSpec {
    /// Parses the fields of a payload that baton uses.
    ///
    /// # Errors
    /// Returns an error if the payload has no `hook_event_name`, or if the id of a hooked event cannot be used.
    pub fn parse(&self, raw: &RawEvent) -> Result<ParsedEvent, PayloadError> {
        (self.parse)(raw.text())
    }

    /// Returns the JSON Schema of the payloads that [`AgentSpec::parse`] accepts. It is generated from the same
    /// types.
    #[must_use]
    pub fn schema(&self) -> Schema {
        match self.agent {
            Agent::Claude => claude::schema(),
            Agent::Codex => codex::schema(),
        }
    }

    /// Parses the fields of a notification that baton uses. Returns `None` if the agent has no notify program.
    ///
    /// # Errors
    /// Returns an error if the notification has no `type`, or if its id cannot be used.
    #[must_use]
    pub fn parse_notification(&self, raw: &RawEvent) -> Option<Result<ParsedEvent, PayloadError>> {
        Some(self.parse_notification?(raw.text()))
    }

    /// Returns the JSON Schema of the notifications that [`AgentSpec::parse_notification`] accepts. It is generated
    /// from the same types.
    #[must_use]
    pub fn notification_schema(&self) -> Option<Schema> {
        match self.agent {
            Agent::Claude => None,
            Agent::Codex => Some(codex::notification_schema()),
        }
    }

    /// Returns the agent's directory, or `None` if neither its variable nor `HOME` is an absolute path.
    pub fn home(&self, environment: &dyn Environment) -> Option<PathBuf> {
        let home = match environment.get(self.home_variable) {
            Some(home) => PathBuf::from(home),
            None => PathBuf::from(environment.get("HOME")?).join(self.home_default),
        };
        home.is_absolute().then_some(home)
    }

    /// Returns where the agent looks for a conversation: a path below its directory, which is `home`.
    ///
    /// Measured with Claude Code 2.1.332 and Codex 0.171: both find a conversation by the name of its file alone, whatever
    /// directory the lines in it name. Codex asks its user which directory to use if the newest line names another one.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub fn transcript_place(&self, home: &Path, moved: MovedConversation<'_>) -> Result<PathBuf, PlaceError> {
        (self.find_place)(home, moved)
    }

    /// Returns how the newest turn of one of the agent's transcripts ended.
    #[must_use]
    pub fn last_turn(&self, transcript: &Path) -> LastTurn {
        transcript::last_turn(transcript, self.judge_last_turn)
    }

    /// Returns what one of the agent's transcripts shows about its conversation.
    #[must_use]
    pub fn transcript_stats(&self, transcript: &Path) -> TranscriptStats {
        context_usage::read(transcript, self.read_usage)
    }

    /// Returns the end of the conversation in one of the agent's transcripts.
    #[must_use]
    pub fn conversation_end(&self, transcript: &Path, limits: ConversationLimits) -> ConversationEnd {
        conversation::read(transcript, limits, self.read_conversation)
    }

    /// Returns the tool calls of the newest turn in one of the agent's transcripts.
    #[must_use]
    pub fn tool_calls(&self, transcript: &Path) -> ToolCalls {
        tool_calls::read(transcript, self.read_calls)
    }

    /// Returns whether a process of this name is the agent.
    #[must_use]
    pub fn is_named(&self, comm: &str) -> bool {
        comm.starts_with(self.comm) && !self.helpers.iter().any(|helper| comm.starts_with(helper))
    }
}

#[cfg(test)]
mod tests;
