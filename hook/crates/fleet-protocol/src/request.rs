//! What `baton` asks.

use agent_baton_core::fence::Fence;
use agent_baton_core::id::{FleetId, MachineId, RunId, SessionId};
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use serde::{Deserialize, Serialize};

use crate::id::{CommitId, Token};

/// The version of what the two programs say to each other. Both have the same, because they are installed together.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// For how long the witness of a machine must have been away before another machine may remove it, in milliseconds. No lease lasts
/// longer.
pub const GONE_AFTER_MS: u64 = 60 * 60 * 1000;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, for whoever connects with it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// [`VERSION`].
    pub version: String,
    /// The database.
    pub database: Database,
    /// Who asks, or `None` for `init`, `join` and what needs no membership.
    pub identity: Option<Identity>,
    /// How long each request may take, in milliseconds. The first one includes the time to connect.
    pub timeout_ms: u64,
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its URL, as the user configured it or as `url_command` printed it. It may contain a password.
    pub url: Secret,
    /// The file with passwords, in the format of PostgreSQL's `.pgpass`, as an absolute path.
    pub password_file: Option<String>,
    /// The file with service definitions, in the format of PostgreSQL's `.pg_service.conf`, as an absolute path.
    pub service_file: Option<String>,
}

/// Which machine asks, and what it has seen of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The fleet that it joined.
    pub fleet: FleetId,
    /// The epoch that it knows.
    pub epoch: u64,
    /// The machine.
    pub machine: MachineId,
    /// The tokens of which the database must have one: the current one, and the next one if a rotation may have got through.
    pub tokens: Vec<Token>,
    /// The newest change that the machine knows. If the feed does not have it, the database was restored from an older copy, or
    /// a standby that is behind answers. Then every request is refused but those that find out which, or mend it: `Init`,
    /// `Join`, `Leave`, `Rotate`, `Changes`, `Recover` and `Restore`.
    pub seen: Position,
}

/// A position in the feed of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The number of the change.
    pub change: u64,
    /// The commit that made it, or `None` at the beginning.
    pub commit: Option<CommitId>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Creates the schema, or continues a migration, and gives the database a fleet id if it has none. Answered by
    /// [`Answer::Ready`](crate::Answer::Ready).
    Init {
        /// The id for a new fleet.
        fleet: FleetId,
        /// The role that gets the rights that the machines need, or `None` to grant nothing.
        role: Option<String>,
    },
    /// Returns the SQL that [`Request::Init`] runs, without connecting. Answered by [`Answer::Sql`](crate::Answer::Sql).
    PrintSchema {
        /// The role that gets the rights.
        role: Option<String>,
    },
    /// Adds a machine. Answered by [`Answer::Joined`](crate::Answer::Joined).
    Join {
        /// The machine's new id.
        machine: MachineId,
        /// Its name for people, cleaned.
        name: String,
        /// Its first token.
        token: Token,
    },
    /// Removes the machine. Answered by [`Answer::Done`](crate::Answer::Done).
    Leave,
    /// Removes another machine, which does not come back: its witness was not there for [`GONE_AFTER_MS`], and it owns no unfinished
    /// run. It can be repeated. Answered by [`Answer::Done`](crate::Answer::Done), or by [`Answer::Conflict`](crate::Answer::Conflict)
    /// with the runs that it owns. If there are none, its witness was there too recently.
    Remove {
        /// The machine.
        machine: MachineId,
    },
    /// Reads what the database stores about the machine beside rows and handoffs. Answered by
    /// [`Answer::Stored`](crate::Answer::Stored).
    Stored,
    /// Replaces the machine's token. Answered by [`Answer::Done`](crate::Answer::Done).
    Rotate {
        /// The new token. It is on the machine's disk already.
        next: Token,
    },
    /// Reads the rows of these runs, and the unfinished runs of these sessions and projects. One round trip. Answered by
    /// [`Answer::Rows`](crate::Answer::Rows).
    Read {
        /// Runs, finished or not.
        runs: Vec<RunId>,
        /// Sessions.
        sessions: Vec<SessionId>,
        /// Project identities.
        projects: Vec<String>,
    },
    /// Reads all unfinished runs, all machines and all handoffs. Answered by [`Answer::Rows`](crate::Answer::Rows).
    List {
        /// How many runs at most, the newest first.
        limit: u32,
    },
    /// Reads the changes after a position, and says whether the database still has that position. Answered by
    /// [`Answer::Changes`](crate::Answer::Changes).
    Changes {
        /// The position.
        after: Position,
        /// How many at most.
        limit: u32,
    },
    /// Writes rows: all or none. One statement. Answered by [`Answer::Committed`](crate::Answer::Committed) or
    /// [`Answer::Conflict`](crate::Answer::Conflict).
    Commit {
        /// The id of this attempt.
        commit: CommitId,
        /// Why.
        reason: Reason,
        /// The rows.
        writes: Vec<RowWrite>,
        /// How long the lease lasts from now, in milliseconds, for rows whose owner is this machine.
        lease_ms: u64,
    },
    /// Finds out whether a commit happened. If it did not, it can no longer happen. Answered by
    /// [`Answer::Committed`](crate::Answer::Committed) or [`Answer::Withdrawn`](crate::Answer::Withdrawn).
    LookUp {
        /// The attempt.
        commit: CommitId,
    },
    /// Renews the leases of this machine's owners that are alive, and records those that ended. One round trip. Answered by
    /// [`Answer::Renewed`](crate::Answer::Renewed).
    Renew {
        /// The owners that are alive.
        alive: Vec<Renewal>,
        /// The owners that are proved to have ended.
        ended: Vec<EndedOwner>,
        /// How long the leases last from now, in milliseconds.
        lease_ms: u64,
    },
    /// One round of a witness: replaces the token, renews and records as [`Request::Renew`] does in the same statement, and then
    /// reads as [`Request::List`] does. The two statements are sent together: one round trip. If this fails, the first one may
    /// have been carried out all the same. Answered by [`Answer::Round`](crate::Answer::Round).
    Round {
        /// The new token. It is on the machine's disk already.
        next: Token,
        /// The owners that are alive.
        alive: Vec<Renewal>,
        /// The owners that are proved to have ended.
        ended: Vec<EndedOwner>,
        /// How long the leases last from now, in milliseconds.
        lease_ms: u64,
        /// Runs of which this machine has copies. Their rows are read even if they have ended.
        runs: Vec<RunId>,
        /// How many unfinished runs at most, the newest first.
        limit: u32,
    },
    /// After the database was restored from an older copy: raises the fences and revisions of unfinished runs and the epoch, if
    /// the epoch is still `epoch` and the position `seen` is not in the feed. Answered by
    /// [`Answer::Ready`](crate::Answer::Ready).
    Recover {
        /// The epoch that the database has.
        epoch: u64,
        /// The epoch that it gets.
        next: u64,
        /// A position that the machine has seen and that the database does not have.
        seen: Position,
        /// The id of this change.
        commit: CommitId,
        /// How long the leases of all unfinished runs last from now, in milliseconds. The copy's have ended, but their owners may
        /// still go on with them.
        lease_ms: u64,
    },
    /// After a recovery: writes what this machine knows and the restored database does not. Answered by
    /// [`Answer::Committed`](crate::Answer::Committed).
    Restore {
        /// The id of this attempt.
        commit: CommitId,
        /// The rows, with the fences and revisions that the machine's copies have: the database knows what recoveries added to
        /// its own. A row that exists gets the later owner and the higher iteration, and stays ended if either is. Of a run
        /// without a machine, the machine that asks becomes the owner's, because the handoff is lost with its archive.
        rows: Vec<RowWrite>,
        /// How long the lease lasts.
        lease_ms: u64,
    },
    /// Stores one part of a session's archive. Once the handoff is published, nothing changes. Answered by [`Answer::Done`](crate::Answer::Done).
    PutPart {
        /// The session.
        session: SessionId,
        /// The id of the handoff.
        handoff: CommitId,
        /// The number of the part, from 0.
        number: u32,
        /// The bytes, in base64.
        bytes: String,
    },
    /// Publishes a session's archive and hands its runs over. Answered like [`Request::Commit`].
    HandOff {
        /// The id of this attempt, and of the handoff.
        commit: CommitId,
        /// The handoff.
        handoff: NewHandoff,
        /// The session's unfinished runs, with their fences raised.
        writes: Vec<RowWrite>,
    },
    /// Returns one part of a handoff. Answered by [`Answer::Part`](crate::Answer::Part).
    GetPart {
        /// The id of the handoff.
        handoff: CommitId,
        /// The number of the part, from 0.
        number: u32,
    },
    /// Claims a handoff for this machine. It can be repeated. Answered by [`Answer::Done`](crate::Answer::Done) or
    /// [`Answer::Conflict`](crate::Answer::Conflict) if another machine has it.
    PickUp {
        /// The id of the handoff.
        handoff: CommitId,
    },
    /// Removes the archive of a handoff that this machine picked up, after it has imported the session. The handoff stays. It can be
    /// repeated. Answered by [`Answer::Done`](crate::Answer::Done) or [`Answer::Conflict`](crate::Answer::Conflict) if this machine
    /// does not have it.
    RemoveArchive {
        /// The id of the handoff.
        handoff: CommitId,
    },
    /// Takes a handoff back: the machine that made it picks it up itself, and the archive is removed. It can be repeated. The
    /// runs' rows are written by a commit. Answered by [`Answer::Done`](crate::Answer::Done) or
    /// [`Answer::Conflict`](crate::Answer::Conflict) if another machine has it.
    CancelHandoff {
        /// The id of the handoff.
        handoff: CommitId,
    },
}

/// A row to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowWrite {
    /// The row's revision and version when it was read, or `None` for a new row.
    pub before: Option<(u64, u64)>,
    /// The run as the row will have it; see [`to_row_record`](crate::to_row_record). Its fleet's revision is the new one.
    pub run: Run,
    /// The base name of the project's directory.
    pub directory: Option<String>,
}

/// An owner whose lease is renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// The run.
    pub run: RunId,
    /// Its fence. With another fence in the row, the lease is not renewed.
    pub fence: Fence,
    /// Its owner's process.
    pub process: Process,
    /// The run's iteration, which the row takes over if it grew while the database was unreachable.
    pub iteration: u32,
}

/// An owner that is proved to have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedOwner {
    /// The run.
    pub run: RunId,
    /// Its fence.
    pub fence: Fence,
    /// The process that ended.
    pub process: Process,
}

/// A session that is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewHandoff {
    /// The session.
    pub session: SessionId,
    /// The only machine that may pick it up, or `None` for any.
    pub to: Option<MachineId>,
    /// The number of parts.
    pub parts: u32,
    /// The digest of the whole archive (SHA-256, in hexadecimal digits).
    pub digest: String,
    /// The identity of its project.
    pub project: Option<String>,
}
