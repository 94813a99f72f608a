//! A database of a fleet, in memory.

mod commit;
mod handoff;
mod lease;
mod merge;
mod read;
mod recovery;
mod row;

use std::collections::BTreeMap;

use agent_baton_core::id::{FleetId, MachineId, RunId};
use baton_fleet_protocol::{
    Answer, Cause, CommitId, Failure, GONE_AFTER_MS, Identity, Position, Request, Standing, Token,
};

pub use handoff::HandoffRow;
pub use row::RunRow;

/// The word in the feed for a commit that was looked up before it happened, so that it can no longer happen.
pub const WITHDRAWN: &str = "withdrawn";

/// The word in the feed for a recovery after the database was restored from an older copy.
pub const RECOVERED: &str = "recovered";

/// The word in the feed for what a machine knew and the restored database did not.
pub const RESTORED: &str = "restored";

/// How much each epoch adds to the fence and to the revision of an unfinished run. So what was written after the backup, and what
/// is written after the recovery, never have the same numbers.
pub const PER_EPOCH: u64 = 1000;

/// The database: its tables, and its clock. A clone is a backup, and assigning the clone restores it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SimulatedDatabase {
    /// Its clock: milliseconds since 1970. The test sets it.
    pub now_ms: u64,
    /// The fleet, or `None` before [`Request::Init`].
    pub fleet: Option<FleetId>,
    /// The epoch.
    pub epoch: u64,
    /// The machines.
    pub machines: BTreeMap<MachineId, MachineRow>,
    /// The runs.
    pub runs: BTreeMap<RunId, RunRow>,
    /// The feed of changes. The number of a change is its place in the list, from 1.
    pub changes: Vec<ChangeRow>,
    /// The handoffs.
    pub handoffs: BTreeMap<CommitId, HandoffRow>,
    /// The parts of archives, by handoff and number.
    pub parts: BTreeMap<(CommitId, u32), String>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRow {
    /// Its name.
    pub name: String,
    /// Its token, or `None` after a recovery: the tokens of the older copy prove nothing, and the next one that is shown counts.
    pub token: Option<Token>,
    /// When its witness was last there.
    pub seen_ms: u64,
}

/// A line of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The commit.
    pub commit: CommitId,
    /// When it happened.
    pub at_ms: u64,
    /// The machine that made it.
    pub machine: MachineId,
    /// The word for why.
    pub reason: String,
    /// The runs that it changed.
    pub runs: Vec<RunId>,
}

impl SimulatedDatabase {
    /// Answers a request.
    #[must_use]
    pub fn answer(&mut self, identity: Option<&Identity>, request: &Request) -> Answer {
        self.carry_out(identity, request).unwrap_or_else(|cause| failed(cause, false))
    }

    fn carry_out(&mut self, identity: Option<&Identity>, request: &Request) -> Result<Answer, Cause> {
        match request {
            // The SQL is the program's own; a database is not asked.
            Request::PrintSchema { .. } => return Ok(Answer::Sql { text: String::new() }),
            Request::Init { fleet, .. } => {
                if self.fleet.is_none() {
                    (self.fleet, self.epoch) = (Some(fleet.clone()), 1);
                }
                return Ok(Answer::Ready(self.standing()?));
            }
            Request::Join { machine, name, token } => return self.join(machine, name, token),
            _ => {}
        }
        let Some(me) = identity else { return self.answer_stranger(request) };
        if *self.fleet.as_ref().ok_or(Cause::SchemaMissing)? != me.fleet {
            return Err(Cause::OtherFleet);
        }
        match request {
            Request::Changes { after, limit } => return self.changes_after(after, *limit),
            Request::Recover { epoch, next, seen, commit, lease_ms } => {
                return self.recover(&me.machine, (*epoch, *next), seen, commit, *lease_ms);
            }
            Request::Restore { .. } | Request::Rotate { .. } | Request::Leave => {}
            _ if me.seen.commit.is_some() && !self.has_position(&me.seen) => return Err(Cause::Restored),
            _ => {}
        }
        if !self.accepts_token(me) {
            return Err(Cause::UnknownToken);
        }
        match request {
            Request::Leave => drop(self.machines.remove(&me.machine)),
            Request::Rotate { next } => self.rotate(me, next),
            Request::Read { runs, sessions, projects } => return self.read(runs, sessions, projects),
            Request::List { limit } => return self.list(Some(&me.machine), *limit, &[]).map(Answer::Rows),
            Request::Stored => return Ok(Answer::Stored(self.stored(&me.machine))),
            Request::GetPart { handoff, number } => return self.part(&me.machine, handoff, *number),
            Request::LookUp { commit } => return Ok(self.look_up(&me.machine, commit)),
            _ if self.epoch != me.epoch => return Err(Cause::OtherEpoch),
            Request::Commit { commit, reason, writes, lease_ms } => {
                return self.commit(&me.machine, commit, reason.word(), writes, *lease_ms, None);
            }
            Request::Renew { alive, ended, lease_ms } => {
                let (renewed, ended) = self.renewals(me, alive, ended, *lease_ms);
                return Ok(Answer::Renewed { standing: self.standing()?, renewed, ended });
            }
            Request::Round { next, alive, ended, lease_ms, runs, limit } => {
                let (renewed, ended) = self.renewals(me, alive, ended, *lease_ms);
                self.rotate(me, next);
                return Ok(Answer::Round { renewed, ended, rows: self.list(Some(&me.machine), *limit, runs)? });
            }
            Request::Restore { commit, rows, lease_ms } => return self.restore(me, commit, rows, *lease_ms),
            Request::PutPart { handoff, number, bytes, .. } => self.put_part(handoff, *number, bytes),
            Request::HandOff { commit, handoff, writes } => {
                return self.hand_off(&me.machine, commit, handoff, writes);
            }
            Request::Remove { machine } => return Ok(self.remove(&me.machine, machine)),
            Request::PickUp { handoff } => return Ok(self.pick_up(&me.machine, handoff)),
            Request::RemoveArchive { handoff } => return Ok(self.remove_archive(&me.machine, handoff)),
            Request::CancelHandoff { handoff } => return Ok(self.cancel_handoff(&me.machine, handoff)),
            Request::Init { .. }
            | Request::PrintSchema { .. }
            | Request::Join { .. }
            | Request::Changes { .. }
            | Request::Recover { .. } => {}
        }
        Ok(Answer::Done)
    }

    /// Somebody who is in no fleet may read.
    fn answer_stranger(&self, request: &Request) -> Result<Answer, Cause> {
        match request {
            Request::Read { runs, sessions, projects } => self.read(runs, sessions, projects),
            Request::List { limit } => self.list(None, *limit, &[]).map(Answer::Rows),
            Request::Changes { after, limit } => self.changes_after(after, *limit),
            _ => Err(Cause::Protocol),
        }
    }

    /// A machine that repeats its join, because the answer was lost, sends the same token.
    fn join(&mut self, machine: &MachineId, name: &str, token: &Token) -> Result<Answer, Cause> {
        let standing = self.standing()?;
        let row = self.machines.get(machine);
        if row.and_then(|row| row.token.as_ref()).is_some_and(|stored| stored != token) {
            return Err(Cause::UnknownToken);
        }
        let row = MachineRow { name: name.to_owned(), token: Some(token.clone()), seen_ms: self.now_ms };
        self.machines.insert(machine.clone(), row);
        Ok(Answer::Joined(standing))
    }

    /// Only a machine that has been away for long and owns nothing is removed by another one.
    fn remove(&mut self, me: &MachineId, machine: &MachineId) -> Answer {
        let is_owned = |row: &&RunRow| {
            let owner = row.run.fleet.as_ref().and_then(|fleet| fleet.machine.as_ref());
            row.run.status.is_unfinished() && owner == Some(machine)
        };
        let owned: Vec<RunId> = self.runs.values().filter(is_owned).map(|row| row.run.id.clone()).collect();
        let Some(row) = self.machines.get(machine) else { return Answer::Done };
        if me == machine || !owned.is_empty() || self.now_ms - row.seen_ms <= GONE_AFTER_MS {
            return Answer::Conflict { runs: owned };
        }
        self.machines.remove(machine);
        Answer::Done
    }

    fn accepts_token(&self, me: &Identity) -> bool {
        let row = self.machines.get(&me.machine);
        row.is_some_and(|row| row.token.as_ref().is_none_or(|token| me.tokens.contains(token)))
    }

    fn rotate(&mut self, me: &Identity, next: &Token) {
        if let Some(row) = self.machines.get_mut(&me.machine) {
            (row.token, row.seen_ms) = (Some(next.clone()), self.now_ms);
        }
    }

    /// The witness was there. After a recovery, its token counts from now on.
    fn notice(&mut self, me: &Identity) {
        if let Some(row) = self.machines.get_mut(&me.machine) {
            row.seen_ms = self.now_ms;
            row.token = row.token.take().or_else(|| me.tokens.first().cloned());
        }
    }

    /// Returns what the database says of itself.
    ///
    /// # Errors
    /// Returns [`Cause::SchemaMissing`] before [`Request::Init`].
    pub fn standing(&self) -> Result<Standing, Cause> {
        Ok(Standing {
            fleet: self.fleet.clone().ok_or(Cause::SchemaMissing)?,
            epoch: self.epoch,
            newest: self.newest(),
            schema: 1,
            unix_ms: self.now_ms,
            connection: "simulated".into(),
            server: "simulated".into(),
        })
    }

    /// Returns the newest position of the feed.
    #[must_use]
    pub fn newest(&self) -> Position {
        Position { change: self.changes.len() as u64, commit: self.changes.last().map(|line| line.commit.clone()) }
    }

    /// Returns whether the feed has this position.
    #[must_use]
    pub fn has_position(&self, position: &Position) -> bool {
        let Some(index) = position.change.checked_sub(1) else { return true };
        let line = usize::try_from(index).ok().and_then(|index| self.changes.get(index));
        line.is_some_and(|line| Some(&line.commit) == position.commit.as_ref())
    }

    /// Appends a line to the feed and returns its number.
    fn append(&mut self, machine: &MachineId, commit: &CommitId, reason: &str, runs: Vec<RunId>) -> u64 {
        let (commit, machine, reason) = (commit.clone(), machine.clone(), reason.to_owned());
        self.changes.push(ChangeRow { commit, at_ms: self.now_ms, machine, reason, runs });
        self.changes.len() as u64
    }
}

/// Returns the answer that a request failed.
#[must_use]
pub fn failed(cause: Cause, in_doubt: bool) -> Answer {
    Answer::Failed(Failure { cause, message: format!("simulated: {cause:?}"), in_doubt })
}
