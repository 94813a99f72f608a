//! What is read.

use std::collections::{BTreeMap, BTreeSet};

use agent_baton_core::id::{MachineId, RunId, SessionId};
use baton_fleet_protocol::{
    Answer, Cause, CommitId, HandoffSummary, Machine, Position, Row, Rows, StoredArchive, StoredChange, StoredItems,
};

use super::{HandoffRow, RunRow, SimulatedDatabase};

impl SimulatedDatabase {
    pub(super) fn read(&self, runs: &[RunId], sessions: &[SessionId], projects: &[String]) -> Result<Answer, Cause> {
        let asked = |id: &RunId, row: &RunRow| {
            let session = row.run.owner.session.as_ref().is_some_and(|session| sessions.contains(session));
            let project = row.run.fleet.as_ref().is_some_and(|fleet| projects.contains(&fleet.project));
            runs.contains(id) || (row.run.status.is_unfinished() && (session || project))
        };
        let ids = self.runs.iter().filter(|(id, row)| asked(id, row)).map(|(id, _)| id);
        let rows: Vec<Row> = ids.filter_map(|id| self.row(id)).collect();
        let owning: BTreeSet<&CommitId> =
            rows.iter().filter_map(|row| self.runs[&row.run.id].handoff.as_ref()).collect();
        let offered = |id: &CommitId, row: &HandoffRow| owning.contains(id) || sessions.contains(&row.new.session);
        let handoffs = self.handoffs_where(offered);
        let owners = rows.iter().filter_map(|row| row.run.fleet.as_ref()?.machine.clone());
        let parties = handoffs.iter().flat_map(|it| [Some(it.from.clone()), it.to.clone(), it.picked_up.clone()]);
        let named: BTreeSet<MachineId> = owners.chain(parties.flatten()).collect();
        let machines = self.machines_where(|id| named.contains(id));
        Ok(Answer::Rows(Rows { standing: self.standing()?, rows, unreadable: Vec::new(), machines, handoffs }))
    }

    pub(super) fn list(&self, me: Option<&MachineId>, limit: u32, besides: &[RunId]) -> Result<Rows, Cause> {
        let mut newest: Vec<&RunId> =
            self.runs.iter().filter(|(_, row)| row.run.status.is_unfinished()).map(|(id, _)| id).collect();
        newest.sort_by_key(|id| (std::cmp::Reverse(self.runs[*id].written_ms), (*id).clone()));
        newest.truncate(limit as usize);
        newest.extend(besides);
        newest.sort();
        newest.dedup();
        let rows: Vec<Row> = newest.into_iter().filter_map(|id| self.row(id)).collect();
        let named: BTreeSet<&CommitId> =
            rows.iter().filter_map(|row| self.runs[&row.run.id].handoff.as_ref()).collect();
        Ok(Rows {
            standing: self.standing()?,
            unreadable: Vec::new(),
            machines: self.machines_where(|_| true),
            handoffs: self.handoffs_where(|id, row| {
                // Of what others gave to others, a machine has nothing to do.
                let is_of_others = Some(&row.from) != me && row.picked_up.as_ref().is_some_and(|by| Some(by) != me);
                named.contains(id) || !is_of_others
            }),
            rows,
        })
    }

    pub(super) fn changes_after(&self, after: &Position, limit: u32) -> Result<Answer, Cause> {
        let newer = self.changes.iter().enumerate().skip(usize::try_from(after.change).unwrap_or(usize::MAX));
        let changes = newer.take(limit as usize).map(|(index, line)| StoredChange {
            position: Position { change: index as u64 + 1, commit: Some(line.commit.clone()) },
            machine: Some(line.machine.clone()),
            reason: line.reason.clone(),
            runs: line.runs.clone(),
            age_ms: self.now_ms.saturating_sub(line.at_ms),
        });
        let (standing, has_position) = (self.standing()?, self.has_position(after));
        Ok(Answer::Changes { standing, has_position, changes: changes.collect() })
    }

    /// Returns what is stored about a machine beside rows and handoffs.
    pub(super) fn stored(&self, me: &MachineId) -> StoredItems {
        let mut archives: BTreeMap<&CommitId, StoredArchive> = BTreeMap::new();
        for ((id, _), bytes) in &self.parts {
            let row = self.handoffs.get(id);
            if row.is_some_and(|row| row.from != *me && row.picked_up.as_ref() != Some(me)) {
                continue;
            }
            let session = row.map(|row| row.new.session.clone());
            let new = || StoredArchive { handoff: id.clone(), session, parts: 0, bytes: 0, left_ms: 0 };
            let archive = archives.entry(id).or_insert_with(new);
            archive.parts += 1;
            // Three bytes are four digits of base64.
            archive.bytes += bytes.trim_end_matches('=').len() as u64 * 3 / 4;
        }
        let made = self.changes.iter().filter(|line| line.machine == *me);
        let oldest_ms = made.clone().next().map(|line| self.now_ms.saturating_sub(line.at_ms));
        StoredItems { changes: made.count() as u64, oldest_ms, archives: archives.into_values().collect() }
    }

    fn machines_where(&self, asked: impl Fn(&MachineId) -> bool) -> Vec<Machine> {
        let machines = self.machines.iter().filter(|(id, _)| asked(id));
        let seen_ms = |at: u64| self.now_ms.saturating_sub(at);
        machines
            .map(|(id, row)| Machine { id: id.clone(), name: row.name.clone(), seen_ms: seen_ms(row.seen_ms) })
            .collect()
    }

    fn handoffs_where(&self, asked: impl Fn(&CommitId, &HandoffRow) -> bool) -> Vec<HandoffSummary> {
        let handoffs = self.handoffs.iter().filter(|(id, row)| asked(id, row));
        handoffs.map(|(id, row)| self.summary(id, row)).collect()
    }

    fn summary(&self, id: &CommitId, row: &HandoffRow) -> HandoffSummary {
        let new = row.new.clone();
        HandoffSummary {
            id: id.clone(),
            session: new.session,
            from: row.from.clone(),
            to: new.to,
            picked_up: row.picked_up.clone(),
            is_stored: self.parts.keys().any(|(part, _)| part == id),
            parts: new.parts,
            digest: new.digest,
            project: new.project,
            age_ms: self.now_ms.saturating_sub(row.made_ms),
        }
    }
}
