//! Who else is in the project.

#[cfg(test)]
mod tests;

use agent_baton_core::id::SessionId;
use agent_baton_core::process::{Live, Place, Probe, Process, Sight};
use agent_baton_core::request::{Limits, Named, Reading, Snapshot};
use agent_baton_core::rules::alive;
use agent_baton_core::session::Session;

use super::record::Presence;
use crate::agents::Witness;
use crate::machine::Machine;
use crate::machine::environment::Environment;
use crate::machine::sight::sight;
use crate::snapshot::{self, Looked};
use crate::store::{Locked, StoreError, View};

/// How exactly the moment of an end is known, in milliseconds: it is when the agent called the hook, in ticks of the kernel.
const END_IS_KNOWN_TO_MS: u64 = 50;

/// What the machine showed of the launches in a project.
#[derive(Debug, Clone, Default)]
pub struct Sights {
    looked: Vec<Looked>,
    processes: Vec<(Process, Sight)>,
}

/// The launches of a project, by the records: those that came in, and those of its sessions that are not over.
#[derive(Debug)]
pub struct Company {
    snapshot: Snapshot,
    present: Vec<Presence>,
}

impl Company {
    /// Reads the records under the lock, and makes the index anew where that has to be first.
    ///
    /// # Errors
    /// Where the records cannot be read, or there is no time.
    pub fn at_hand(locked: &mut Locked<'_>, project: &str, present: &[Presence]) -> Result<Self, StoreError> {
        match Self::read(&locked.view(), project, present) {
            Err(StoreError::Unindexed { .. }) => {
                locked.rebuild_index()?;
                Self::read(&locked.view(), project, present)
            }
            read => read,
        }
    }

    /// Reads the records.
    ///
    /// # Errors
    /// Where the index has to be rebuilt first.
    pub fn read(view: &View<'_>, project: &str, present: &[Presence]) -> Result<Self, StoreError> {
        Ok(Self::of(view, view.project(project)?.sessions, present))
    }

    /// The launches that came in alone: all that can be known without the index.
    #[must_use]
    pub fn of_present(view: &View<'_>, present: &[Presence]) -> Self {
        Self::of(view, Vec::new(), present)
    }

    fn of(view: &View<'_>, mut ids: Vec<SessionId>, present: &[Presence]) -> Self {
        ids.extend(present.iter().map(|presence| presence.session.clone()));
        ids.sort();
        ids.dedup();
        let named = |id: SessionId| Named { reading: view.session(&id), id: id.into() };
        let snapshot = Snapshot {
            neighbours: ids.into_iter().map(named).collect(),
            limits: Limits::default(),
            ..Snapshot::default()
        };
        Self { snapshot, present: present.to_vec() }
    }

    /// Looks at every launch but those that were seen to be gone before: that alone still holds.
    #[must_use]
    pub fn look<M: Machine, E: Environment>(
        &self,
        witness: &Witness<'_, M, E>,
        machine: &M,
        place: &Place,
        before: Sights,
    ) -> Sights {
        let Sights { mut looked, mut processes } = before;
        looked.retain(|looked| self.is_gone(place, looked));
        processes.retain(|(_, sight)| matches!(sight, Sight::Gone | Sight::Zombie | Sight::Reused));
        let fresh = snapshot::launches(witness, &self.snapshot, &self.probes(&looked));
        looked.extend(fresh);
        for Presence { process, .. } in &self.present {
            if processes.iter().all(|(seen, _)| seen != process) {
                processes.push((process.clone(), sight(machine, process, place)));
            }
        }
        Sights { looked, processes }
    }

    fn is_gone(&self, place: &Place, looked: &Looked) -> bool {
        let Some(probe) = looked.of(&self.snapshot) else { return false };
        let session = self.sessions().find(|session| session.id == probe.session);
        let launch = session.and_then(|session| Some((session, session.launch(&probe.process)?)));
        launch.is_some_and(|(session, launch)| alive::seen(place, &[probe], session, launch) == Live::No)
    }

    /// When the last of those who came in had left, in milliseconds since 1970, if the records say of every one that it did.
    #[must_use]
    pub fn all_ended_ms(&self) -> Option<u64> {
        let mut ended = self.present.iter().map(|presence| self.ended_ms(presence));
        let last = ended.try_fold(0, |last: u64, ended| Some(last.max(ended?)));
        last.map(|last| last.saturating_add(END_IS_KNOWN_TO_MS))
    }

    /// When a launch that came in left, in milliseconds since 1970, if its record says that it did.
    #[must_use]
    pub fn ended_ms(&self, presence: &Presence) -> Option<u64> {
        let session = self.sessions().find(|session| session.id == presence.session)?;
        Some(session.launch(&presence.process)?.ended.as_ref()?.at.unix_ms)
    }

    /// Whether anybody is there but the launch that comes in or leaves. What was not looked at, or changed since, is not known, and
    /// so may be there.
    #[must_use]
    pub fn others(&self, sights: &Sights, place: &Place, but: &Presence) -> Live {
        self.any(sights, place, |session, process| {
            let same_place = but.agent.shows_one_session() || *session == but.session;
            !(same_place && *process == but.process)
        })
    }

    /// Whether anybody is there.
    #[must_use]
    pub fn anyone(&self, sights: &Sights, place: &Place) -> Live {
        self.any(sights, place, |_, _| true)
    }

    /// Whether a launch that came in is there still.
    #[must_use]
    pub fn lives(&self, sights: &Sights, place: &Place, presence: &Presence) -> Live {
        self.lives_by(sights, &self.probes(&sights.looked), place, presence)
    }

    fn any(&self, sights: &Sights, place: &Place, counts: impl Fn(&SessionId, &Process) -> bool) -> Live {
        let probes = self.probes(&sights.looked);
        let known = self.sessions().flat_map(|session| session.launches.iter().map(move |launch| (session, launch)));
        let known = known
            .filter(|(session, launch)| counts(&session.id, &launch.process))
            .map(|(session, launch)| alive::seen(place, &probes, session, launch));
        let present = self
            .present
            .iter()
            .filter(|presence| counts(&presence.session, &presence.process))
            .map(|presence| self.lives_by(sights, &probes, place, presence));
        // What cannot be read may name launches that live.
        let unreadable = self.snapshot.neighbours.iter().filter(|named| named.reading == Reading::Unreadable);
        let lives: Vec<Live> = known.chain(present).chain(unreadable.map(|_| Live::Unknown)).collect();
        [Live::Yes, Live::Unknown].into_iter().find(|live| lives.contains(live)).unwrap_or(Live::No)
    }

    fn probes(&self, looked: &[Looked]) -> Vec<Probe> {
        looked.iter().filter_map(|looked| looked.of(&self.snapshot)).collect()
    }

    fn lives_by(&self, sights: &Sights, probes: &[Probe], place: &Place, presence: &Presence) -> Live {
        let mut sessions = self.sessions();
        let found = sessions.find(|session| session.id == presence.session);
        if let Some((session, launch)) = found.and_then(|found| Some((found, found.launch(&presence.process)?))) {
            return alive::seen(place, probes, session, launch);
        }
        // Its session's record is gone, or cannot be read: the process alone is left to judge by.
        let process = &presence.process;
        if process.machine != place.machine || process.pidns != place.pidns {
            return Live::Unknown;
        }
        if process.boot != place.boot {
            return Live::No;
        }
        match sights.processes.iter().find(|(seen, _)| seen == process) {
            Some((_, Sight::Gone | Sight::Zombie | Sight::Reused)) => Live::No,
            Some((_, Sight::Running)) => Live::Yes,
            Some((_, Sight::Unreadable)) | None => Live::Unknown,
        }
    }

    fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.snapshot.neighbours.iter().map(|named| &named.reading).filter_map(Reading::record)
    }
}
