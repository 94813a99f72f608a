//! Finds the other launches in a project.

#[cfg(test)]
mod tests;

use agent_baton_core::id::SessionId;
use agent_baton_core::liveness::Liveness;
use agent_baton_core::process::{HostId, Live, Probe, Process, ProcessState};
use agent_baton_core::request::{Limits, Named, Reading, Snapshot};
use agent_baton_core::rules::liveness;
use agent_baton_core::session::Session;

use super::state::Participant;
use baton_agents::AgentInspector;
use baton_engine::snapshot::{self, ProbeResult};
use baton_store::{LockedStore, StoreError, View};

/// How precisely the time of an end is known, in milliseconds. It is the time when the agent called the hook, in
/// clock ticks of the kernel.
const END_TIME_PRECISION_MS: u64 = 50;

/// The probes of the launches in a project.
#[derive(Debug, Clone, Default)]
pub struct ProbeCache {
    looked: Vec<ProbeResult>,
    processes: Vec<(Process, Liveness)>,
}

/// The launches of a project, according to the records: the registered participants, and the launches of sessions
/// that have not ended.
#[derive(Debug)]
pub struct Participants {
    snapshot: Snapshot,
    participants: Vec<Participant>,
}

impl Participants {
    /// Reads the records under the lock. Rebuilds the index first if necessary.
    ///
    /// # Errors
    /// Returns an error if the records cannot be read, or if there is no time left.
    pub fn load(locked: &mut LockedStore<'_>, project: &str, participants: &[Participant]) -> Result<Self, StoreError> {
        match Self::read(&locked.view(), project, participants) {
            Err(StoreError::IndexMissing { .. }) => {
                locked.rebuild_index()?;
                Self::read(&locked.view(), project, participants)
            }
            read => read,
        }
    }

    /// Reads the records.
    ///
    /// # Errors
    /// Returns an error if the index must be rebuilt first.
    pub fn read(view: &View<'_>, project: &str, participants: &[Participant]) -> Result<Self, StoreError> {
        Ok(Self::from_sessions(view, view.project(project)?.sessions, participants))
    }

    /// Reads only the registered participants, which is all that can be known without the index.
    #[must_use]
    pub fn from_participants(view: &View<'_>, participants: &[Participant]) -> Self {
        Self::from_sessions(view, Vec::new(), participants)
    }

    fn from_sessions(view: &View<'_>, mut ids: Vec<SessionId>, participants: &[Participant]) -> Self {
        ids.extend(participants.iter().map(|participant| participant.session.clone()));
        ids.sort();
        ids.dedup();
        let named = |id: SessionId| Named { reading: view.session(&id), id: id.into() };
        let snapshot = Snapshot {
            neighbours: ids.into_iter().map(named).collect(),
            limits: Limits::default(),
            ..Snapshot::default()
        };
        Self { snapshot, participants: participants.to_vec() }
    }

    /// Probes every launch, except those that `before` shows as gone: only that result stays true.
    #[must_use]
    pub fn probe(&self, inspector: &AgentInspector<'_>, before: ProbeCache) -> ProbeCache {
        let place = inspector.host();
        let ProbeCache { mut looked, mut processes } = before;
        looked.retain(|looked| self.is_known_gone(place, looked));
        processes.retain(|(_, seen)| seen.live == Live::No);
        let fresh = snapshot::probe_launches(inspector, &self.snapshot, &self.probes(&looked));
        looked.extend(fresh);
        for Participant { process, .. } in &self.participants {
            if processes.iter().all(|(seen, _)| seen != process) {
                processes.push((process.clone(), inspector.process_liveness(process)));
            }
        }
        ProbeCache { looked, processes }
    }

    fn is_known_gone(&self, place: &HostId, looked: &ProbeResult) -> bool {
        let Some(probe) = looked.launch_probe(&self.snapshot) else { return false };
        let session = self.sessions().find(|session| session.id == probe.session);
        let launch = session.and_then(|session| Some((session, session.launch(&probe.process)?)));
        launch.is_some_and(|(session, launch)| liveness::from_probes(place, &[probe], session, launch).live == Live::No)
    }

    /// Returns when the last participant left, in milliseconds since 1970, if the records show that every one has
    /// left.
    #[must_use]
    pub fn all_ended_ms(&self) -> Option<u64> {
        let mut ended = self.participants.iter().map(|participant| self.ended_ms(participant));
        let last = ended.try_fold(0, |last: u64, ended| Some(last.max(ended?)));
        last.map(|last| last.saturating_add(END_TIME_PRECISION_MS))
    }

    /// Returns when a participant left, in milliseconds since 1970, if its record shows that it has.
    #[must_use]
    pub fn ended_ms(&self, participant: &Participant) -> Option<u64> {
        let session = self.sessions().find(|session| session.id == participant.session)?;
        Some(session.launch(&participant.process)?.ended.as_ref()?.at.unix_ms)
    }

    /// Returns whether any launch other than `but` is alive. A launch without a probe, or one that changed since its
    /// probe, counts as unknown.
    #[must_use]
    pub fn others_live(&self, cache: &ProbeCache, place: &HostId, but: &Participant) -> Live {
        self.combined_liveness(cache, place, |session, process| {
            let same_place = but.agent.shows_one_session() || *session == but.session;
            !(same_place && *process == but.process)
        })
    }

    /// Returns whether any launch is alive.
    #[must_use]
    pub fn any_live(&self, cache: &ProbeCache, place: &HostId) -> Live {
        self.combined_liveness(cache, place, |_, _| true)
    }

    /// Returns whether a participant is still alive.
    #[must_use]
    pub fn is_live(&self, cache: &ProbeCache, place: &HostId, participant: &Participant) -> Live {
        self.liveness_of(cache, &self.probes(&cache.looked), place, participant)
    }

    fn combined_liveness(
        &self,
        cache: &ProbeCache,
        place: &HostId,
        counts: impl Fn(&SessionId, &Process) -> bool,
    ) -> Live {
        let probes = self.probes(&cache.looked);
        let known = self.sessions().flat_map(|session| session.launches.iter().map(move |launch| (session, launch)));
        let known = known
            .filter(|(session, launch)| counts(&session.id, &launch.process))
            .map(|(session, launch)| liveness::from_probes(place, &probes, session, launch).live);
        let participants = self
            .participants
            .iter()
            .filter(|participant| counts(&participant.session, &participant.process))
            .map(|participant| self.liveness_of(cache, &probes, place, participant));
        // A record that cannot be read may name live launches.
        let unreadable = self.snapshot.neighbours.iter().filter(|named| named.reading == Reading::Unreadable);
        known.chain(participants).chain(unreadable.map(|_| Live::Unknown)).max().unwrap_or(Live::No)
    }

    fn probes(&self, looked: &[ProbeResult]) -> Vec<Probe> {
        looked.iter().filter_map(|looked| looked.launch_probe(&self.snapshot)).collect()
    }

    fn liveness_of(&self, cache: &ProbeCache, probes: &[Probe], place: &HostId, participant: &Participant) -> Live {
        let mut sessions = self.sessions();
        let found = sessions.find(|session| session.id == participant.session);
        if let Some((session, launch)) = found.and_then(|found| Some((found, found.launch(&participant.process)?))) {
            return liveness::from_probes(place, probes, session, launch).live;
        }
        // The record of its session is missing or cannot be read, so only the process can be judged.
        let process = &participant.process;
        let seen = cache.processes.iter().find(|(seen, _)| seen == process).map(|(_, liveness)| *liveness);
        seen.unwrap_or_else(|| liveness::from_process_state(place, process, ProcessState::Unreadable)).live
    }

    fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.snapshot.neighbours.iter().map(|named| &named.reading).filter_map(Reading::record)
    }
}
