//! The fleet as `baton fleet status --json` prints it.

use agent_baton_core::fence::Fence;
use agent_baton_core::id::{FleetId, MachineId, RunId, SessionId};
use agent_baton_core::timestamp::Timestamp;
use baton_display::{error_chain, format_rfc3339};
use baton_fleet_client::{DatabaseState, FleetError, Leases, Membership, Outage};
use baton_fleet_protocol::Rows;
use schemars::JsonSchema;
use serde::Serialize;

/// The fleet, seen from this machine.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FleetView {
    /// The fleet that this machine joined, or else the one of the database.
    pub fleet: Option<FleetId>,
    /// This machine. Null if it belongs to no fleet.
    pub machine: Option<MachineId>,
    /// The name of this machine.
    pub name: Option<String>,
    /// The server, without user and password.
    pub server: String,
    /// What the database says of itself. Null if it cannot be asked.
    pub database: Option<DatabaseView>,
    /// Why the database cannot be asked, or does not let this machine read.
    pub problem: Option<String>,
    /// When the witness did its last round on this machine (RFC 3339).
    pub witnessed_at: Option<String>,
    /// The last time when the database did not answer an event. Null if it answered since.
    pub outage: Option<OutageView>,
    /// The last restore of the database from an older copy that this machine was brought in line with. Null if it was more than
    /// a day ago.
    pub restored: Option<RestoredView>,
    /// The machines of the fleet.
    pub machines: Vec<MachineView>,
    /// The sessions that were handed over and that nobody has picked up.
    pub handoffs: Vec<HandoffView>,
    /// The leases of the owners on this machine.
    pub leases: Vec<LeaseView>,
    /// The rows that baton cannot read, with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// What the database says of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DatabaseView {
    /// The kind of the connection.
    pub connection: String,
    /// The version of the server.
    pub version: String,
    /// The number of the schema.
    pub schema: u32,
    /// How often the database was found to be restored from a copy, and recovered.
    pub epoch: u64,
    /// How far its clock is ahead of this machine's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// Whether it was restored from an older copy since this machine was there last.
    pub was_restored: bool,
}

/// An outage of the database.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OutageView {
    /// When (RFC 3339).
    pub at: String,
    /// What was wrong.
    pub problem: String,
}

/// A restore of the database.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RestoredView {
    /// When this machine was brought in line with it (RFC 3339).
    pub at: String,
    /// What was done.
    pub notice: String,
}

/// A machine of the fleet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MachineView {
    /// Its id.
    pub id: MachineId,
    /// Its name, as its user gave it.
    pub name: String,
    /// How long ago its witness was last there, in milliseconds.
    pub seen_ms: u64,
}

/// A session that waits to be picked up.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HandoffView {
    /// The session.
    pub session: SessionId,
    /// The machine that handed it over.
    pub from: MachineId,
    /// The only machine that may pick it up. Null for any.
    pub to: Option<MachineId>,
    /// The identity of its project.
    pub project: Option<String>,
    /// How long ago it was handed over, in milliseconds.
    pub age_ms: u64,
}

/// A lease of an owner on this machine.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeaseView {
    /// The run.
    pub run: RunId,
    /// The owner's fence.
    pub fence: Fence,
    /// How long the owner may go on if the database does not answer, in milliseconds.
    pub left_ms: u64,
}

impl FleetView {
    /// Returns the view of what this machine has in its files.
    #[must_use]
    pub fn of_machine(
        server: String,
        membership: Option<&Membership>,
        leases: &Leases,
        outage: Option<&Outage>,
        now: &Timestamp,
    ) -> Self {
        let lease = |(run, lease): (&RunId, &baton_fleet_client::Lease)| LeaseView {
            run: run.clone(),
            fence: lease.fence,
            left_ms: lease.left_ms(now),
        };
        let witnessed = membership.and_then(|membership| membership.witnessed.as_ref());
        Self {
            fleet: membership.map(|membership| membership.fleet.clone()),
            machine: membership.map(|membership| membership.machine.clone()),
            name: membership.map(|membership| membership.name.clone()),
            server,
            database: None,
            problem: None,
            witnessed_at: witnessed.map(format_rfc3339),
            outage: outage.map(|it| OutageView { at: format_rfc3339(&it.at), problem: it.problem.clone() }),
            restored: membership
                .and_then(|membership| membership.recent_restore(now))
                .map(|restored| RestoredView { at: format_rfc3339(&restored.at), notice: restored.notice.clone() }),
            machines: Vec::new(),
            handoffs: Vec::new(),
            leases: leases.iter().map(lease).collect(),
            unreadable: Vec::new(),
        }
    }

    /// Adds what the database answered. Returns why this machine may not read the rows.
    pub fn add_database(&mut self, state: DatabaseState) -> Option<FleetError> {
        let DatabaseState { standing, clock_ahead_ms, was_restored, listed } = state;
        self.fleet.get_or_insert(standing.fleet);
        self.database = Some(DatabaseView {
            connection: standing.connection,
            version: standing.server,
            schema: standing.schema,
            epoch: standing.epoch,
            clock_ahead_ms,
            was_restored,
        });
        match listed {
            Ok(rows) => {
                self.add_rows(rows);
                None
            }
            Err(FleetError::NotJoined) => None,
            Err(error) => {
                self.problem = Some(error_chain(&error));
                Some(error)
            }
        }
    }

    fn add_rows(&mut self, rows: Rows) {
        let machine = |machine: baton_fleet_protocol::Machine| MachineView {
            id: machine.id,
            name: machine.name,
            seen_ms: machine.seen_ms,
        };
        self.machines = rows.machines.into_iter().map(machine).collect();
        let waiting = rows.handoffs.into_iter().filter(|handoff| handoff.picked_up.is_none());
        let handoff = |it: baton_fleet_protocol::HandoffSummary| HandoffView {
            session: it.session,
            from: it.from,
            to: it.to,
            project: it.project,
            age_ms: it.age_ms,
        };
        self.handoffs = waiting.map(handoff).collect();
        self.unreadable = rows.unreadable;
    }

    /// Returns the name of a machine for a list, or its id if the database does not say more.
    #[must_use]
    pub fn machine_name(&self, id: &MachineId) -> String {
        let found = self.machines.iter().find(|machine| machine.id == *id);
        found.map_or_else(|| id.to_string(), |machine| machine.name.clone())
    }
}
