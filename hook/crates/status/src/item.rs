//! One line of the status.

use agent_baton_core::timestamp::Timestamp;
use baton_display::{format_rfc3339, strip_control_chars};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::cause::Cause;

/// Where an item stands, in the order in which the sections are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// It waits for the user.
    Waiting,
    /// A session is at work.
    Working,
    /// A session is open, and has not had a prompt yet.
    Opened,
    /// A run whose owner is alive.
    Runs,
    /// A run whose owner is on another machine of the fleet.
    Elsewhere,
    /// A loop of another program.
    Loops,
    /// A session whose liveness is unknown.
    Unknown,
    /// A session that can be resumed.
    Lost,
    /// A project whose protected files are to be restored.
    Unrestored,
    /// A project whose protected files could not be restored.
    RestoreFailed,
    /// A record that cannot be read.
    Unreadable,
    /// A session that a search found. No status lists it.
    Found,
}

/// What an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A session.
    Session,
    /// A run.
    Run,
    /// A loop of another program.
    Loop,
    /// A project.
    Project,
    /// A record that cannot be read.
    Record,
    /// A session that was handed over to this machine.
    Handoff,
}

/// One line of the status. Its texts hold no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Item {
    /// Identifies the item among all others, and stays the same while it moves between sections.
    pub key: String,
    /// Where it stands.
    pub section: Section,
    /// What it is about.
    pub kind: ItemKind,
    /// The id of the session, the run or the loop, or the path of the project.
    pub id: String,
    /// Why it waits, if it does.
    pub cause: Option<Cause>,
    /// The word for its status.
    pub status: String,
    /// The agent of a session or of a run's owner, or the program that a loop of another program names.
    pub agent: Option<String>,
    /// A short name of the pane where it is visible.
    pub pane: Option<String>,
    /// The pane of a run's owner, if another process also displays the owner's session.
    pub owner_pane: Option<String>,
    /// Since when it has this status (RFC 3339). Null where nothing says so.
    #[serde(serialize_with = "serialize_time")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Timestamp>,
    /// When an agent at work last wrote into its transcript, to the minute (RFC 3339). Null if it is not at work, or if its
    /// transcript was not read.
    #[serde(serialize_with = "serialize_time")]
    #[schemars(with = "Option<String>")]
    pub active: Option<Timestamp>,
    /// The worktree root. Of what is on another machine, the identity of the project.
    pub project: Option<String>,
    /// The branch that is checked out there, if it was read.
    pub branch: Option<String>,
    /// The name that a user gave it, or the plan of a loop of another program.
    pub name: Option<String>,
    /// The title of the conversation, if the agent's transcript was read and shows one.
    pub title: Option<String>,
    /// The model that answered last, if the transcript was read.
    pub model: Option<String>,
    /// How many tokens the context holds, if the transcript was read.
    pub context: Option<u64>,
    /// How many tokens the context can hold, if the transcript was read.
    pub context_window: Option<u64>,
    /// How many tokens the turn in progress has added to the context, if the transcript was read.
    pub turn_tokens: Option<u64>,
    /// The beginning of the user's last prompt, if the transcript was read.
    pub prompt: Option<String>,
    /// If it waits and the transcript was read: the beginning of what the agent asks for, or else of what it said last.
    pub question: Option<String>,
    /// The phase of a run.
    pub phase: Option<String>,
    /// The name of the unfinished run that a session owns.
    pub run: Option<String>,
    /// The iteration that a run has reached, or the run of a session.
    pub iteration: Option<u32>,
    /// The maximum number of iterations.
    pub max_iterations: Option<u32>,
    /// The task that a loop of another program works on, or the last one that its log names.
    pub task: Option<String>,
    /// The last section of the log of a loop of another program.
    pub log_section: Option<String>,
    /// Why a loop of another program failed or was cancelled.
    pub reason: Option<String>,
    /// The name of the other machine that it is on, or from which it was handed over. Null for what is on this one.
    pub machine: Option<String>,
    /// The command with which the user goes on with what was handed over.
    pub command: Option<String>,
    /// When a loop of another program started (RFC 3339). Its log says it in the local time.
    #[serde(serialize_with = "serialize_time")]
    #[schemars(with = "Option<String>")]
    pub started: Option<Timestamp>,
    /// The path of the log of a loop of another program, or of an unfinished run. Null if it cannot be written as text.
    pub log: Option<String>,
    /// Whether a user pinned the session.
    pub pinned: bool,
}

impl Item {
    /// Creates an item of which nothing else is known.
    #[must_use]
    pub fn new(section: Section, kind: ItemKind, id: &str) -> Self {
        let id = strip_control_chars(id);
        Self {
            key: format!("{}:{id}", kind.word()),
            section,
            kind,
            id,
            cause: None,
            status: String::new(),
            agent: None,
            pane: None,
            owner_pane: None,
            since: None,
            active: None,
            project: None,
            branch: None,
            name: None,
            title: None,
            model: None,
            context: None,
            context_window: None,
            turn_tokens: None,
            prompt: None,
            question: None,
            phase: None,
            run: None,
            iteration: None,
            max_iterations: None,
            task: None,
            log_section: None,
            reason: None,
            machine: None,
            command: None,
            started: None,
            log: None,
            pinned: false,
        }
    }
}

impl ItemKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Run => "run",
            Self::Loop => "loop",
            Self::Project => "project",
            Self::Record => "record",
            Self::Handoff => "handoff",
        }
    }
}

fn serialize_time<S: Serializer>(since: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    since.as_ref().map(format_rfc3339).serialize(serializer)
}
