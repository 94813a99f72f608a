//! Records as commands print them.

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{LastTurn, Source};
use agent_baton_core::fence::Fence;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::{Owner, Run, RunName, Status};
use schemars::JsonSchema;
use serde::Serialize;

use crate::session_list::ListedSession;
use agent_baton_core::liveness::Evidence;
use baton_agents::TranscriptStats;
use baton_display::format_rfc3339;
use baton_engine::session_status::{AttentionReason, StatusKind};
use baton_store::last_opened;

/// A run as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: RunName,
    /// Where it stands.
    pub status: Status,
    /// Whether it is unfinished.
    pub active: bool,
    /// Whether it is unfinished and its owner is gone; null where it is over, or that cannot be known.
    pub interrupted: Option<bool>,
    /// Free text of the owner's.
    pub phase: Option<String>,
    /// How often it went round.
    pub iteration: u32,
    /// How often it may.
    pub max_iterations: Option<u32>,
    /// Who may advance it.
    pub owner: Owner,
    /// The owner's number.
    pub fence: Fence,
    /// The changes of owner, oldest first.
    pub history: Vec<TransferView>,
    /// The worktree root.
    pub project: Option<String>,
    /// When it started (RFC 3339).
    pub created_at: String,
    /// When its record was last written (RFC 3339).
    pub updated_at: String,
    /// When it went over (RFC 3339).
    pub finished_at: Option<String>,
    /// Why it went over, paused or waits.
    pub stop_reason: Option<String>,
}

/// One change of owner as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TransferView {
    /// The new owner's number.
    pub fence: Fence,
    /// The owner before.
    pub from: Owner,
    /// When (RFC 3339).
    pub at: String,
    /// By which rule.
    pub reason: Reason,
}

impl RunView {
    /// A run, and whether its owner lives.
    #[must_use]
    pub fn new(run: &Run, owner: Live) -> Self {
        let interrupted = match owner {
            Live::Unknown => None,
            live => run.status.is_unfinished().then_some(live == Live::No),
        };
        let history = run.history.iter().map(|transfer| TransferView {
            fence: transfer.fence,
            from: transfer.from.clone(),
            at: format_rfc3339(&transfer.at),
            reason: transfer.reason,
        });
        Self {
            id: run.id.clone(),
            name: run.name.clone(),
            status: run.status,
            active: run.status.is_unfinished(),
            interrupted,
            phase: run.phase.clone(),
            iteration: run.iteration,
            max_iterations: run.max_iterations,
            owner: run.owner.clone(),
            fence: run.fence,
            history: history.collect(),
            project: run.project.clone(),
            created_at: format_rfc3339(&run.created),
            updated_at: format_rfc3339(&run.updated),
            finished_at: run.finished.as_ref().map(format_rfc3339),
            stop_reason: run.stop_reason.as_ref().map(baton_display::format_stop_reason),
        }
    }
}

/// Where a run stands and whether its owner lives, in a word.
#[must_use]
pub const fn run_status_word(run: &Run, owner: Live) -> &'static str {
    match owner {
        Live::No if run.status.is_unfinished() => "interrupted",
        Live::Unknown if run.status.is_unfinished() => "unknown",
        _ => run.status.name(),
    }
}

/// A session as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionView {
    /// The agent's own id.
    pub id: SessionId,
    /// The agent.
    pub agent: Agent,
    /// What a user calls it.
    pub name: Option<RunName>,
    /// Where it stands.
    pub status: StatusKind,
    /// What it wants of the user (attention only).
    pub waiting_for: Option<AttentionReason>,
    /// Since when it stands so (RFC 3339).
    pub since: String,
    /// Whether one of its launches lives; unknown where that cannot be told.
    pub live: Live,
    /// By what that is known, or not.
    pub evidence: Evidence,
    /// The processes that show or showed it.
    pub launches: Vec<LaunchView>,
    /// The unfinished runs it owns.
    pub runs: Vec<RunId>,
    /// The worktree root.
    pub project: Option<String>,
    /// The directory of its newest slow event.
    pub cwd: Option<String>,
    /// Its transcript.
    pub transcript: Option<String>,
    /// How its newest turn stands, by the agent's transcript; null where nobody looked.
    pub last_turn: Option<LastTurn>,
    /// What the agent's transcript says of the conversation; null where nobody looked.
    pub transcript_stats: Option<TranscriptStats>,
    /// What is conversation of what was print_result; null where nobody looked.
    pub conversation: Option<ConversationView>,
    /// Whether a user pinned it.
    pub pinned: bool,
    /// Whether nobody ever sat before it (`claude -p`, `codex exec`).
    pub headless: bool,
    /// Whether its record is in the archive.
    pub archived: bool,
    /// When it was last opened (RFC 3339): lists go by this.
    pub opened_at: String,
    /// When it was registered (RFC 3339).
    pub created_at: String,
    /// When its record was last written (RFC 3339).
    pub updated_at: String,
    /// When it went over (RFC 3339).
    pub ended_at: Option<String>,
    /// By which rule it went over.
    pub ended_reason: Option<Reason>,
}

/// What is conversation of what was print_result in a session, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConversationView {
    /// How many messages.
    pub messages: usize,
    /// The chunks, by number.
    pub chunks: Vec<ChunkView>,
}

/// A chunk as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChunkView {
    /// Its number.
    pub number: u32,
    /// What its front matter says it is about.
    pub topics: Option<String>,
}

/// A launch as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LaunchView {
    /// The process.
    pub process: Process,
    /// Its pane.
    pub pane: Pane,
    /// Whether it lives.
    pub live: Live,
    /// By what that is known, or not.
    pub evidence: Evidence,
    /// How it began, where it was announced.
    pub source: Option<Source>,
    /// When it began (RFC 3339).
    pub started_at: String,
    /// When it ended (RFC 3339).
    pub ended_at: Option<String>,
    /// By which rule it ended.
    pub ended_reason: Option<Reason>,
}

impl SessionView {
    /// A session, and where it stands.
    #[must_use]
    pub fn new(seen: &ListedSession) -> Self {
        let ListedSession { session, archived, launches, standing } = seen;
        let judged = seen.verdict();
        let launches = session.launches.iter().zip(launches).map(|(launch, judged)| LaunchView {
            process: launch.process.clone(),
            pane: launch.pane.clone(),
            live: judged.live,
            evidence: judged.evidence,
            source: launch.source,
            started_at: format_rfc3339(&launch.started),
            ended_at: launch.ended.as_ref().map(|end| format_rfc3339(&end.at)),
            ended_reason: launch.ended.as_ref().map(|end| end.reason),
        });
        Self {
            id: session.id.clone(),
            agent: session.agent,
            name: session.name.clone(),
            status: standing.status.kind(),
            waiting_for: standing.status.attention_reason(),
            since: format_rfc3339(&standing.since),
            live: judged.live,
            evidence: judged.evidence,
            launches: launches.collect(),
            runs: session.runs.clone(),
            project: session.project.clone(),
            cwd: session.cwd.clone(),
            transcript: session.transcript.clone(),
            last_turn: None,
            transcript_stats: None,
            conversation: None,
            pinned: session.pinned,
            headless: session.headless,
            archived: *archived,
            opened_at: format_rfc3339(last_opened(session)),
            created_at: format_rfc3339(&session.created),
            updated_at: format_rfc3339(&session.updated),
            ended_at: session.ended.as_ref().map(|end| format_rfc3339(&end.at)),
            ended_reason: session.ended.as_ref().map(|end| end.reason),
        }
    }
}
