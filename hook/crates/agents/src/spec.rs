//! What is different about each agent.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{EventName, LastTurn};
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use schemars::Schema;

use super::context_usage::{self, TranscriptStats};
use super::conversation::{self, ConversationEnd, ConversationLimits};
use super::payload::ParsedEvent;
use super::payload_error::PayloadError;
use super::raw_event::RawEvent;
use super::session_files;
use super::tool_calls::{self, ToolCalls};
use super::transcript;
use super::transcript_place::{self, MovedConversation, PlaceError};
use baton_system::environment::Environment;

/// One agent.
#[derive(Debug)]
pub struct AgentSpec {
    /// The agent.
    pub agent: Agent,
    /// Its name in a sentence.
    pub title: &'static str,
    /// The newest version that baton was tested with.
    pub newest_tested: [u32; 3],
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
    pub(crate) is_folder_name: Option<fn(&str, &str) -> bool>,
    /// The variable that passes its pid to hooks and tools.
    pub pid_variable: Option<&'static str>,
    /// The variable that passes its session's id to tools.
    pub session_variable: &'static str,
    /// The argument of a process that serves several panes.
    pub daemon_argument: Option<&'static str>,
    /// The variable that tells its hooks how it was started, and the prefix of its value in a headless session.
    pub(crate) headless_variable: Option<(&'static str, &'static str)>,
    /// The variable that shows whether a user attends the session, and its value if none does. In such a session, a
    /// closed terminal counts as an ordinary end.
    pub(crate) unattended_variable: Option<(&'static str, &'static str)>,
    /// The argument of a headless session.
    pub(crate) headless_argument: Option<&'static str>,
    /// The arguments that resume a session.
    pub resume: &'static [&'static str],
    /// The option that names the directory in which a session is resumed, if the agent would otherwise ask its user.
    pub directory_option: Option<&'static str>,
    /// Returns where the agent looks for a conversation.
    pub(crate) find_place: transcript_place::FindPlace,
    /// Reads from the agent's directory which session a process displays.
    pub(crate) shows: Option<fn(&Path, &Process) -> Option<SessionId>>,
    /// Returns the file in the agent's directory that a process locks while it writes a session.
    pub(crate) lock: Option<fn(&Path, &SessionId) -> PathBuf>,
    /// Reads from the end of a transcript how its last turn ended.
    pub(crate) judge_last_turn: transcript::JudgeLastTurn,
    /// Reads from the end of a transcript how full the context is.
    pub(crate) read_usage: context_usage::ReadUsage,
    /// Reads the last messages from the end of a transcript.
    pub(crate) read_conversation: conversation::ReadConversation,
    /// Reads the tool calls of the newest turn from the end of a transcript.
    pub(crate) read_calls: tool_calls::ReadCalls,
    pub(crate) parse: Parse,
    /// Generates the JSON Schema of the payloads that `parse` accepts, from the same types.
    pub(crate) schema: fn() -> Schema,
    /// The events besides those that every agent has whose reply reaches the user.
    pub(crate) replies: &'static [EventName],
    /// How many `Stop` events in a row a hook may block.
    pub block_cap: Option<BlockCap>,
    /// Reads what its older mechanism for reporting the end of a turn passes to a program: one JSON object as an argument.
    pub(crate) parse_notification: Option<Parse>,
    /// Generates the JSON Schema of what `parse_notification` accepts, from the same types.
    pub(crate) notification_schema: Option<fn() -> Schema>,
    /// The files that it writes about its sessions.
    pub session_files: session_files::SessionFiles,
}

/// Reads the fields of a JSON text that baton uses.
pub(crate) type Parse = fn(&str) -> Result<ParsedEvent, PayloadError>;

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
        (self.schema)()
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
        self.notification_schema.map(|generate| generate())
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
