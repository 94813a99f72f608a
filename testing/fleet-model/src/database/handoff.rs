//! Handoffs of sessions.

use agent_baton_core::id::MachineId;
use baton_fleet_protocol::{Answer, Cause, CommitId, HandoffPart, NewHandoff, RowWrite};

use super::SimulatedDatabase;

/// A handoff that is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffRow {
    /// What was handed over.
    pub new: NewHandoff,
    /// The machine that did.
    pub from: MachineId,
    /// The machine that picked it up. It is the one that made it if that took it back.
    pub picked_up: Option<MachineId>,
    /// When it was published.
    pub made_ms: u64,
}

impl SimulatedDatabase {
    /// A published archive does not change.
    pub(super) fn put_part(&mut self, handoff: &CommitId, number: u32, bytes: &str) {
        if !self.handoffs.contains_key(handoff) {
            self.parts.insert((handoff.clone(), number), bytes.to_owned());
        }
    }

    /// Only the machines that may pick it up get it, and the one that made it.
    pub(super) fn part(&self, me: &MachineId, handoff: &CommitId, number: u32) -> Result<Answer, Cause> {
        let row = self.handoffs.get(handoff).ok_or(Cause::Protocol)?;
        let allowed = row.from == *me || row.new.to.as_ref().is_none_or(|machine| machine == me);
        let bytes = self.parts.get(&(handoff.clone(), number)).filter(|_| allowed).ok_or(Cause::Protocol)?;
        Ok(Answer::Part(HandoffPart { bytes: bytes.clone() }))
    }

    pub(super) fn hand_off(
        &mut self,
        me: &MachineId,
        commit: &CommitId,
        new: &NewHandoff,
        writes: &[RowWrite],
    ) -> Result<Answer, Cause> {
        if let Some(answer) = self.earlier(commit) {
            return Ok(answer);
        }
        let complete = (0..new.parts).all(|number| self.parts.contains_key(&(commit.clone(), number)));
        let mut after = self.clone();
        let answer = after.commit(me, commit, "handed_over", writes, 0, Some(commit))?;
        if matches!(answer, Answer::Conflict { .. }) {
            return Ok(answer);
        }
        if !complete {
            return Err(Cause::Protocol);
        }
        let (new, from, made_ms) = (new.clone(), me.clone(), self.now_ms);
        after.handoffs.insert(commit.clone(), HandoffRow { new, from, picked_up: None, made_ms });
        *self = after;
        Ok(answer)
    }

    pub(super) fn pick_up(&mut self, me: &MachineId, handoff: &CommitId) -> Answer {
        let is_for = |machine: &Option<MachineId>| machine.as_ref().is_none_or(|machine| machine == me);
        match self.handoffs.get_mut(handoff).filter(|row| is_for(&row.new.to) && is_for(&row.picked_up)) {
            Some(row) => {
                row.picked_up = Some(me.clone());
                Answer::Done
            }
            None => self.not_picked_up(handoff),
        }
    }

    /// The machine that picked it up has imported the session.
    pub(super) fn remove_archive(&mut self, me: &MachineId, handoff: &CommitId) -> Answer {
        if self.handoffs.get(handoff).is_none_or(|row| row.picked_up.as_ref() != Some(me)) {
            return self.not_picked_up(handoff);
        }
        self.parts.retain(|(id, _), _| id != handoff);
        Answer::Done
    }

    /// The machine that made it picks it up itself: the run is handed over to that machine then, like to any other one.
    pub(super) fn cancel_handoff(&mut self, me: &MachineId, handoff: &CommitId) -> Answer {
        let row = self.handoffs.get_mut(handoff).filter(|row| row.from == *me);
        match row.filter(|row| row.picked_up.as_ref().is_none_or(|machine| machine == me)) {
            Some(row) => {
                row.picked_up = Some(me.clone());
                self.parts.retain(|(id, _), _| id != handoff);
                Answer::Done
            }
            None => self.not_picked_up(handoff),
        }
    }

    fn not_picked_up(&self, handoff: &CommitId) -> Answer {
        let runs = self.runs.iter().filter(|(_, row)| row.handoff.as_ref() == Some(handoff));
        Answer::Conflict { runs: runs.map(|(id, _)| id.clone()).collect() }
    }
}
