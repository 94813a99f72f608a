//! `baton handoff` and `baton pickup`.

use std::collections::BTreeSet;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;
use baton_fleet_protocol::{
    Answer, CommitId, HandoffSummary, NewHandoff, Request, Row, RowOwner, RowWrite, to_row_record,
};

use super::host::revision;
use super::state::Marker;
use super::world::{Killed, World};

impl World {
    pub fn hand_off(&mut self, machine: usize, session: &str, to: Option<usize>) -> Result<(), Killed> {
        let id: SessionId = session.parse().unwrap();
        let Some(rows) = self.read(machine, BTreeSet::new(), vec![id.clone()], false)? else { return Ok(()) };
        self.refresh(machine, &rows);
        let Some(row) = rows.iter().find(|row| self.is_mine(machine, row, &id)) else { return Ok(()) };
        let handoff = self.commit_id();
        let part = Request::PutPart { session: id.clone(), handoff: handoff.clone(), number: 0, bytes: "00".into() };
        if self.call(machine, &part) != Answer::Done {
            return Ok(());
        }
        self.point(machine, false)?;
        let run = self.machines[machine].state.run(&row.run.id).cloned().unwrap_or_else(|| row.run.clone());
        let mut run = to_row_record(&run);
        run.fence = run.fence.next();
        let Some(fleet) = run.fleet.as_mut() else { return Ok(()) };
        (fleet.revision, fleet.machine) = (revision(&row.run) + 1, None);
        let to = to.map(|to| self.machines[to].state.membership.machine.clone());
        let write = RowWrite { before: Some((revision(&row.run), row.version)), run: run.clone(), directory: None };
        let new = NewHandoff { session: id.clone(), to, parts: 1, digest: "0".repeat(64), project: None };
        let request = Request::HandOff { commit: handoff.clone(), handoff: new, writes: vec![write.clone()] };
        self.mark(machine, Marker { runs: vec![run.id] });
        self.point(machine, true)?;
        let answer = self.call(machine, &request);
        self.point(machine, false)?;
        self.finish_hand_off(machine, answer, &handoff, &write)
    }

    /// The copy gets what the row has by a refresh. A command does not end before it knows.
    fn finish_hand_off(
        &mut self,
        machine: usize,
        answer: Answer,
        handoff: &CommitId,
        write: &RowWrite,
    ) -> Result<(), Killed> {
        match self.resolve(machine, answer, handoff) {
            Answer::Committed { .. } => {
                if let Some(rows) = self.read(machine, BTreeSet::new(), Vec::new(), false)? {
                    self.refresh(machine, &rows);
                    self.known.acknowledge(std::slice::from_ref(write));
                }
            }
            Answer::Failed(failure) if failure.in_doubt => {}
            _ => self.machines[machine].state.marker = None,
        }
        Ok(())
    }

    fn is_mine(&self, machine: usize, row: &Row, session: &SessionId) -> bool {
        let me = &self.machines[machine].state.membership.machine;
        let here = matches!(&row.owner, RowOwner::Machine { id, .. } if id == me);
        here && row.run.owner.is_session(session) && row.run.status.is_unfinished()
    }

    pub fn pick_up(&mut self, machine: usize, session: &str) -> Result<(), Killed> {
        let Some(handoff) = self.newest_handoff(machine, session) else { return Ok(()) };
        let part = self.call(machine, &Request::GetPart { handoff: handoff.id.clone(), number: 0 });
        self.point(machine, false)?;
        if !matches!(part, Answer::Part(_)) {
            return Ok(());
        }
        if self.call(machine, &Request::PickUp { handoff: handoff.id.clone() }) != Answer::Done {
            return Ok(());
        }
        self.point(machine, true)?;
        let now = self.now(machine);
        let state = &mut self.machines[machine].state;
        let mut imported = Session::new(Agent::Claude, session.parse().unwrap(), &now);
        imported.revision = 1;
        state.sessions.entry(session.to_owned()).or_insert((imported, Location::Live));
        self.point(machine, true)?;
        drop(self.call(machine, &Request::RemoveArchive { handoff: handoff.id }));
        self.point(machine, false)
    }

    pub fn cancel_handoff(&mut self, machine: usize, session: &str) -> Result<(), Killed> {
        if let Some(handoff) = self.newest_handoff(machine, session) {
            drop(self.call(machine, &Request::CancelHandoff { handoff: handoff.id }));
        }
        self.point(machine, false)
    }

    fn newest_handoff(&mut self, machine: usize, session: &str) -> Option<HandoffSummary> {
        let Answer::Rows(rows) = self.call(machine, &Request::List { limit: 100 }) else { return None };
        let of_session = rows.handoffs.into_iter().filter(|handoff| handoff.session.as_str() == session);
        of_session.min_by_key(|handoff| (handoff.age_ms, std::cmp::Reverse(handoff.id.clone())))
    }
}
