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

    pub(super) fn part(&self, handoff: &CommitId, number: u32) -> Result<Answer, Cause> {
        let published = self.handoffs.contains_key(handoff);
        let bytes = self.parts.get(&(handoff.clone(), number)).filter(|_| published).ok_or(Cause::Protocol)?;
        Ok(Answer::Part(HandoffPart { bytes: bytes.clone() }))
    }

    pub(super) fn hand_off(
        &mut self,
        me: &MachineId,
        commit: &CommitId,
        new: &NewHandoff,
        writes: &[RowWrite],
    ) -> Result<Answer, Cause> {
        if (0..new.parts).any(|number| !self.parts.contains_key(&(commit.clone(), number))) {
            return Err(Cause::Protocol);
        }
        let mut after = self.clone();
        // A row without a machine needs its handoff.
        for write in writes {
            if let Some(row) = after.runs.get_mut(&write.run.id) {
                row.handoff = Some(commit.clone());
            }
        }
        let answer = after.commit(me, commit, "handed_over", writes, 0)?;
        if matches!(answer, Answer::Committed { .. }) && !self.handoffs.contains_key(commit) {
            let (new, from, made_ms) = (new.clone(), me.clone(), self.now_ms);
            after.handoffs.insert(commit.clone(), HandoffRow { new, from, picked_up: None, made_ms });
            *self = after;
        }
        Ok(answer)
    }

    pub(super) fn pick_up(&mut self, me: &MachineId, handoff: &CommitId) -> Answer {
        let Some(row) = self.handoffs.get_mut(handoff) else { return Answer::Conflict { runs: Vec::new() } };
        let free = row.picked_up.as_ref().or(row.new.to.as_ref()).is_none_or(|machine| machine == me);
        if !free {
            return Answer::Conflict { runs: Vec::new() };
        }
        row.picked_up = Some(me.clone());
        Answer::Done
    }

    /// The machine that made it picks it up itself: the run is handed over to that machine then, like to any other one.
    pub(super) fn cancel_handoff(&mut self, me: &MachineId, handoff: &CommitId) -> Answer {
        let row = self.handoffs.get_mut(handoff).filter(|row| row.from == *me);
        match row.filter(|row| row.picked_up.as_ref().is_none_or(|machine| machine == me)) {
            Some(row) => {
                row.picked_up = Some(me.clone());
                Answer::Done
            }
            None => Answer::Conflict { runs: Vec::new() },
        }
    }
}
