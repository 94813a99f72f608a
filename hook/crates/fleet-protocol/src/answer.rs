//! What `baton-fleet` answers.

use agent_baton_core::id::{FleetId, MachineId, RunId, SessionId};
use serde::{Deserialize, Serialize};

use crate::id::CommitId;
use crate::request::Position;
use crate::row::Row;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The database is ready.
    Ready(Standing),
    /// The SQL of the schema.
    Sql {
        /// The statements.
        text: String,
    },
    /// The machine was added.
    Joined(Standing),
    /// The request was carried out.
    Done,
    /// Rows.
    Rows(Rows),
    /// Changes of the feed.
    Changes {
        /// What the database says of itself.
        standing: Standing,
        /// Whether the database has the position after which the changes were asked for. If not, it was restored from a copy.
        has_position: bool,
        /// The changes, oldest first.
        changes: Vec<StoredChange>,
    },
    /// The commit happened.
    Committed {
        /// The number of its change.
        change: u64,
    },
    /// The commit did not happen, because a row is not as it was read. Nothing was written.
    Conflict {
        /// The rows that differ.
        runs: Vec<RunId>,
    },
    /// The commit did not happen and will not.
    Withdrawn,
    /// Leases were renewed.
    Renewed {
        /// What the database says of itself.
        standing: Standing,
        /// The runs whose lease was renewed.
        renewed: Vec<RunId>,
        /// The runs whose end was recorded.
        ended: Vec<RunId>,
    },
    /// The round of a witness was carried out.
    Round {
        /// The runs whose lease was renewed.
        renewed: Vec<RunId>,
        /// The runs whose end was recorded.
        ended: Vec<RunId>,
        /// The rows after that.
        rows: Rows,
    },
    /// What is stored beside rows and handoffs.
    Stored(StoredItems),
    /// A part of a handoff.
    Part(HandoffPart),
    /// The request failed. Nothing was written, unless the failure says that this is unknown.
    Failed(Failure),
}

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The fleet.
    pub fleet: FleetId,
    /// The epoch.
    pub epoch: u64,
    /// The newest change.
    pub newest: Position,
    /// The number of the schema.
    pub schema: u32,
    /// The database's clock: milliseconds since 1970.
    pub unix_ms: u64,
    /// What the connection is, for people: `TLS 1.3, certificate verified` or `unix socket`.
    pub connection: String,
    /// The version of the server, as it names itself.
    pub server: String,
}

/// Rows that were read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// What the database says of itself.
    pub standing: Standing,
    /// The rows.
    pub rows: Vec<Row>,
    /// The rows that no version of baton wrote, with the reason. They are left alone.
    pub unreadable: Vec<(String, String)>,
    /// The machines that the rows name, or all.
    pub machines: Vec<Machine>,
    /// The handoffs of the sessions, or all.
    pub handoffs: Vec<HandoffSummary>,
}

/// A machine of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its id.
    pub id: MachineId,
    /// Its name for people, as its user gave it. It is text from outside.
    pub name: String,
    /// How long ago its witness was last there, in milliseconds of the database's clock.
    pub seen_ms: u64,
}

/// A session that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffSummary {
    /// The id of the handoff.
    pub id: CommitId,
    /// The session.
    pub session: SessionId,
    /// The machine that handed it over.
    pub from: MachineId,
    /// The only machine that may pick it up, or `None` for any.
    pub to: Option<MachineId>,
    /// The machine that picked it up.
    pub picked_up: Option<MachineId>,
    /// Whether its archive is still there. The machine that picked it up removes it once it has imported the session.
    pub is_stored: bool,
    /// The number of parts.
    pub parts: u32,
    /// The digest of the whole archive.
    pub digest: String,
    /// The identity of its project.
    pub project: Option<String>,
    /// How long ago it was made, in milliseconds of the database's clock.
    pub age_ms: u64,
}

/// One part of a session's archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffPart {
    /// The bytes, in base64.
    pub bytes: String,
}

/// What the database stores about a machine beside rows and handoffs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredItems {
    /// How many changes of the feed the machine made. They are kept for as long as the fleet.
    pub changes: u64,
    /// How long ago it made the oldest one, in milliseconds of the database's clock.
    pub oldest_ms: Option<u64>,
    /// The archives of sessions that it handed over or picked up, and of uploads that did not end.
    pub archives: Vec<StoredArchive>,
}

/// The parts of a session's archive. They contain the session's conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArchive {
    /// The id of the handoff.
    pub handoff: CommitId,
    /// The session, or `None` for an upload that did not end.
    pub session: Option<SessionId>,
    /// How many parts are stored.
    pub parts: u32,
    /// How many bytes they have.
    pub bytes: u64,
    /// After how long they are removed at the latest, in milliseconds of the database's clock.
    pub left_ms: u64,
}

/// A change of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChange {
    /// Its position.
    pub position: Position,
    /// The machine that made it.
    pub machine: Option<MachineId>,
    /// The reason code of the decision, or a word for what is no decision.
    pub reason: String,
    /// The runs that it changed.
    pub runs: Vec<RunId>,
    /// How long ago it was made, in milliseconds of the database's clock.
    pub age_ms: u64,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub cause: Cause,
    /// One sentence that names the host and what is wrong. It has no secret in it.
    pub message: String,
    /// Whether the statement may have been carried out.
    pub in_doubt: bool,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The two programs are not of one version.
    Version,
    /// The URL, the service file or the password file cannot be used.
    Address,
    /// No server answers, or not in time.
    Unreachable,
    /// The server's certificate is not accepted.
    Certificate,
    /// The server offers no TLS where the connection needs it.
    NoTls,
    /// Something that stands between baton and the server does not pass on the settings of the connection.
    Pooler,
    /// The server refuses the user or the password.
    Login,
    /// The database has no schema of baton, or a migration stopped half-way.
    SchemaMissing,
    /// The schema is newer than this version can write.
    SchemaNewer,
    /// The database is of another fleet than the one that this machine joined.
    OtherFleet,
    /// The feed does not have the newest change that this machine knows: the database was restored from an older copy.
    Restored,
    /// The epoch is another one: the database was restored and recovered.
    OtherEpoch,
    /// The database has neither of the tokens: this state directory is a copy, or was restored.
    UnknownToken,
    /// The role lacks a right.
    Permission,
    /// The database accepts no writes.
    ReadOnly,
    /// The database has no space.
    Full,
    /// Too many transactions were in the way.
    Busy,
    /// The answer is longer than a line between the two programs may be.
    TooLong,
    /// The server answered with something that no server of baton's tables does.
    Protocol,
}
