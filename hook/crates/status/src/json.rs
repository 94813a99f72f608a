//! Views of records, as `--json` prints them.

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{LastTurn, Source};
use agent_baton_core::fence::Fence;
use agent_baton_core::fleet::FleetRun;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::{Owner, Run, RunName, Status};
use schemars::JsonSchema;
use serde::Serialize;

use crate::machine::MachineView;
use crate::reader::ListedSession;
use crate::remote_run::{OwnerStanding, RemoteRun};
use agent_baton_core::liveness::Evidence;
use baton_agents::TranscriptStats;
use baton_display::{format_rfc3339, format_stop_reason};
use baton_engine::session_status::{AttentionReason, StatusKind};
use baton_store::last_opened;

/// A run as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: RunName,
    /// Its status.
    pub status: Status,
    /// Whether it is unfinished.
    pub active: bool,
    /// Whether it is unfinished and its owner is gone. Null if it has ended, or if that is unknown.
    pub interrupted: Option<bool>,
    /// The current phase, as free text of the owner.
    pub phase: Option<String>,
    /// The iteration that it has reached.
    pub iteration: u32,
    /// The maximum number of iterations.
    pub max_iterations: Option<u32>,
    /// Who may advance it.
    pub owner: Owner,
    /// What makes it a run of a fleet: a copy of a row of the fleet's database, with the owner's machine. Null if it is none.
    pub fleet: Option<FleetRun>,
    /// The owner's machine. Null if the owner is on this one.
    pub machine: Option<OwnerMachineView>,
    /// The session to which the user went on in the owner's window; null if they did not leave the owner.
    pub left_for: Option<SessionId>,
    /// The owner's fence.
    pub fence: Fence,
    /// The transfers, oldest first.
    pub history: Vec<TransferView>,
    /// The worktree root.
    pub project: Option<String>,
    /// When it started (RFC 3339).
    pub created_at: String,
    /// When its record was last written (RFC 3339).
    pub updated_at: String,
    /// When it ended (RFC 3339).
    pub finished_at: Option<String>,
    /// Why it ended, paused or waits.
    pub stop_reason: Option<String>,
    /// Since when its loop waits for background work of its agent (RFC 3339); null where it does not.
    pub background_work_since: Option<String>,
}

/// The other machine that has the owner of a run, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OwnerMachineView {
    /// Its name, or null if nothing names it.
    pub name: Option<String>,
    /// When this machine last heard of it (RFC 3339). Null if it never did.
    pub heard_at: Option<String>,
    /// What the fleet says about the owner.
    pub standing: OwnerStanding,
}

/// One transfer, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TransferView {
    /// The fence of the new owner.
    pub fence: Fence,
    /// The previous owner.
    pub from: Owner,
    /// When it happened (RFC 3339).
    pub at: String,
    /// The reason code.
    pub reason: Reason,
}

impl RunView {
    /// Creates the view of a run. `owner` says whether its owner is alive, and `left_for` to which session the user
    /// went on in the owner's window.
    #[must_use]
    pub fn new(run: &Run, owner: Live, left_for: Option<SessionId>) -> Self {
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
            fleet: run.fleet.clone(),
            machine: None,
            left_for,
            fence: run.fence,
            history: history.collect(),
            project: run.project.clone(),
            created_at: format_rfc3339(&run.created),
            updated_at: format_rfc3339(&run.updated),
            finished_at: run.finished.as_ref().map(format_rfc3339),
            stop_reason: run.stop_reason.as_ref().map(format_stop_reason),
            background_work_since: run.background_work_since().map(format_rfc3339),
        }
    }
}

/// Returns whether a run was handed over with its session, and no machine has gone on with it yet.
#[must_use]
pub fn is_handed_over(run: &Run) -> bool {
    run.status.is_unfinished() && run.fleet.as_ref().is_some_and(|fleet| fleet.machine.is_none())
}

impl RunView {
    /// Creates the view of a run whose owner is on another machine.
    #[must_use]
    pub fn remote(remote: &RemoteRun, machines: &[MachineView]) -> Self {
        let machine = machines.iter().find(|machine| Some(&machine.name) == remote.machine.as_ref());
        let machine = OwnerMachineView {
            name: remote.machine.clone(),
            heard_at: machine.map(|machine| format_rfc3339(&machine.heard)),
            standing: remote.standing,
        };
        Self { machine: Some(machine), ..Self::new(&remote.run, remote.live(), None) }
    }
}

/// Returns the word for a run's status, which depends on whether its owner is alive, and whether the user left it.
#[must_use]
pub fn run_status_word(run: &Run, owner: Live, is_left: bool) -> &'static str {
    match owner {
        _ if is_handed_over(run) => "handed over",
        Live::No if run.status.is_unfinished() => "interrupted",
        Live::Unknown if run.status.is_unfinished() => "unknown",
        _ if is_left => "left",
        _ if run.background_work_since().is_some() => "background",
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
    /// The name that a user gave it.
    pub name: Option<RunName>,
    /// Its status.
    pub status: StatusKind,
    /// What it wants from the user, if its status is attention.
    pub waiting_for: Option<AttentionReason>,
    /// Since when it has this status (RFC 3339).
    pub since: String,
    /// Whether one of its launches is alive, or unknown.
    pub live: Live,
    /// The evidence for that.
    pub evidence: Evidence,
    /// The launches that display it or displayed it.
    pub launches: Vec<LaunchView>,
    /// The unfinished runs that it owns.
    pub runs: Vec<RunId>,
    /// The worktree root.
    pub project: Option<String>,
    /// The directory of its newest slow path event.
    pub cwd: Option<String>,
    /// Its transcript.
    pub transcript: Option<String>,
    /// How its newest turn ended, according to the agent's transcript. Null if the command did not read it.
    pub last_turn: Option<LastTurn>,
    /// What the agent's transcript shows about the conversation. Null if the command did not read it.
    pub transcript_stats: Option<TranscriptStats>,
    /// The recorded messages. Null if the command did not read them.
    pub conversation: Option<ConversationView>,
    /// Whether a user pinned it.
    pub pinned: bool,
    /// Whether a user dismissed it, and its status has not changed since.
    pub dismissed: bool,
    /// Whether it never had a terminal user (`claude -p`, `codex exec`).
    pub headless: bool,
    /// Whether its record is in the archive.
    pub archived: bool,
    /// When it was last opened (RFC 3339). Lists are sorted by this.
    pub opened_at: String,
    /// When it was registered (RFC 3339).
    pub created_at: String,
    /// When its record was last written (RFC 3339).
    pub updated_at: String,
    /// When it ended (RFC 3339).
    pub ended_at: Option<String>,
    /// The reason code of its end.
    pub ended_reason: Option<Reason>,
}

/// The recorded messages of a session, as `--json` prints them.
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
    /// Its topics, according to its front matter.
    pub topics: Option<String>,
}

/// A launch as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LaunchView {
    /// The process.
    pub process: Process,
    /// Its pane.
    pub pane: Pane,
    /// Whether it is alive.
    pub live: Live,
    /// The evidence for that.
    pub evidence: Evidence,
    /// How it began, if the agent announced it.
    pub source: Option<Source>,
    /// When it began (RFC 3339).
    pub started_at: String,
    /// When it ended (RFC 3339).
    pub ended_at: Option<String>,
    /// The reason code of its end.
    pub ended_reason: Option<Reason>,
}

impl SessionView {
    /// Creates the view of a session.
    #[must_use]
    pub fn new(seen: &ListedSession) -> Self {
        let ListedSession { session, archived, launches, standing, is_dismissed } = seen;
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
            dismissed: *is_dismissed,
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
