//! Builds the snapshot of a request for the core: the records that the request can touch, found through the index,
//! and the probes of their launches.

use agent_baton_core::event::Event;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::{CommandProbe, Probe};
use agent_baton_core::request::{Command, Input, Limits, Named, Reading, Snapshot};
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use baton_agents::AgentInspector;
use baton_store::{Store, StoreError, View};

/// The maximum number of sessions in a snapshot beside the event's own. The limit keeps an event's cost independent
/// of how many sessions are alive.
const MAX_NEIGHBOURS: usize = 32;

/// The maximum number of a project's runs in a snapshot.
const MAX_PROJECT_RUNS: usize = 16;

/// Returns the snapshot of an event on the fast path: its session and that session's runs. Nothing can change there.
#[must_use]
pub fn for_heartbeat(view: &View<'_>, event: &Event) -> Snapshot {
    let mut session = event.session.as_ref().map_or(Reading::Absent, |id| view.session(id));
    if let Reading::Live(session) = &mut session {
        // Only a delivery of the same bytes can be a duplicate of the event. Leave out the others, so that the core
        // need not parse them.
        session.deliveries.retain(|delivery| delivery.digest == event.digest);
    }
    let runs = runs_of(&session).into_iter().map(|id| named_run(view, &id)).collect();
    Snapshot { session, runs, limits: Limits::default(), ..Snapshot::default() }
}

/// Returns the snapshot of a request.
///
/// # Errors
/// Returns [`StoreError::IndexMissing`] if the index must be rebuilt first.
pub fn for_input(view: &View<'_>, input: &Input) -> Result<Snapshot, StoreError> {
    let mut builder = SnapshotBuilder { view, sessions: Vec::new(), runs: Vec::new() };
    let session = match input {
        Input::Event(event) => builder.event(event)?,
        Input::Command(command) => builder.command(command),
    };
    let SnapshotBuilder { sessions, runs, .. } = builder;
    Ok(Snapshot { session, runs, neighbours: sessions, limits: Limits::default(), ..Snapshot::default() })
}

/// The result of a probe.
#[derive(Debug, Clone)]
pub enum ProbeResult {
    /// The probe of a launch, with the launch as it was then.
    Launch(Box<(Launch, Probe)>),
    /// The probe of a command and its supervisor.
    Command(Box<CommandProbe>),
}

impl ProbeResult {
    /// Returns the probe of a launch, if the launch in the snapshot is still the one that was probed. If its process
    /// announced itself again meanwhile, the earlier probe no longer counts.
    #[must_use]
    pub fn launch_probe(&self, snapshot: &Snapshot) -> Option<Probe> {
        let Self::Launch(looked) = self else { return None };
        let (then, probe) = looked.as_ref();
        let launch = sessions(snapshot).find(|session| session.id == probe.session)?.launch(&probe.process)?;
        let now = (&launch.started, &launch.ended, &launch.lock, &launch.program);
        (now == (&then.started, &then.ended, &then.lock, &then.program)).then(|| probe.clone())
    }

    /// Returns the probe of a command. The core applies it only to the supervisor and the command that were probed.
    #[must_use]
    pub fn command_probe(&self) -> Option<CommandProbe> {
        match self {
            Self::Command(probe) => Some(probe.as_ref().clone()),
            Self::Launch(_) => None,
        }
    }
}

fn sessions(snapshot: &Snapshot) -> impl Iterator<Item = &Session> {
    let neighbours = snapshot.neighbours.iter().map(|named| &named.reading);
    std::iter::once(&snapshot.session).chain(neighbours).filter_map(Reading::record)
}

/// Probes every launch in a snapshot that has not ended, except those in `looked`.
#[must_use]
pub fn probe_launches(inspector: &AgentInspector<'_>, snapshot: &Snapshot, looked: &[Probe]) -> Vec<ProbeResult> {
    let is_known = |session: &Session, launch: &Launch| {
        looked.iter().any(|probe| probe.session == session.id && probe.process == launch.process)
    };
    let launches = sessions(snapshot).flat_map(|session| session.launches.iter().map(move |launch| (session, launch)));
    let open = launches.filter(|(session, launch)| launch.ended.is_none() && !is_known(session, launch));
    open.map(|(session, launch)| ProbeResult::Launch(Box::new((launch.clone(), inspector.probe(session, launch)))))
        .collect()
}

/// Probes every launch that has not ended and every command of an unfinished run, except those in `looked`. A launch that
/// changed after it was probed is not probed again.
#[must_use]
pub fn probe_missing(
    inspector: &AgentInspector<'_>,
    store: &Store,
    snapshot: &Snapshot,
    looked: &[ProbeResult],
) -> Vec<ProbeResult> {
    let launches = looked.iter().filter_map(|probe| match probe {
        ProbeResult::Launch(looked) => Some(looked.1.clone()),
        ProbeResult::Command(_) => None,
    });
    let launches = probe_launches(inspector, snapshot, &launches.collect::<Vec<_>>());
    let is_known = |run: &Run| looked.iter().filter_map(ProbeResult::command_probe).any(|probe| probe.run == run.id);
    let runs = snapshot.runs.iter().filter_map(|named| named.reading.record());
    let commands = runs.filter(|run| run.owner.session.is_none() && run.status.is_unfinished() && !is_known(run));
    let commands = commands.map(|run| {
        let lock = store.supervisor_lock_path(run.project.as_deref(), &run.name);
        ProbeResult::Command(Box::new(inspector.probe_command(run, &lock)))
    });
    launches.into_iter().chain(commands).collect()
}

struct SnapshotBuilder<'v, 'a> {
    view: &'v View<'a>,
    sessions: Vec<Named<Session>>,
    runs: Vec<Named<Run>>,
}

impl SnapshotBuilder<'_, '_> {
    fn event(&mut self, event: &Event) -> Result<Reading<Session>, StoreError> {
        let Some(id) = &event.session else { return Ok(Reading::Absent) };
        let session = self.view.session(id);
        self.add_runs(&runs_of(&session));
        if let Some(supervisor_claim) = &event.supervisor_claim {
            self.add_runs(std::slice::from_ref(&supervisor_claim.run));
        }
        // A Codex process holds every thread that it ever loaded, so its threads say nothing about each other.
        if let Some(process) = event.process.as_ref().filter(|_| event.agent.shows_one_session()) {
            for other in self.view.by_process(process)? {
                self.add_session(&other, id);
            }
        }
        for other in self.view.by_pane(&event.pane)? {
            self.add_session(&other, id);
        }
        let own: Vec<RunId> = self.sessions.iter().flat_map(|named| runs_of(&named.reading)).collect();
        self.add_runs(&own);
        if let Some(project) = project_of(&session, event) {
            let runs = self.view.project(project)?.runs;
            let newest = runs.len().saturating_sub(MAX_PROJECT_RUNS);
            self.add_runs(runs.get(newest..).unwrap_or_default());
        }
        if let (Some(_), Some(directory)) = (&event.missing_project, &event.directory) {
            let runs = self.view.runs_of_directory(directory)?;
            let newest = runs.len().saturating_sub(MAX_PROJECT_RUNS);
            self.add_runs(runs.get(newest..).unwrap_or_default());
        }
        self.add_owners(Some(id));
        Ok(session)
    }

    fn command(&mut self, command: &Command) -> Reading<Session> {
        let id = command.session();
        let session = id.map_or(Reading::Absent, |id| self.view.session(id));
        self.add_runs(std::slice::from_ref(command.run()));
        self.add_runs(&runs_of(&session));
        self.add_owners(id);
        session
    }

    fn add_runs(&mut self, ids: &[RunId]) {
        for id in ids {
            if self.runs.iter().all(|named| named.id != id.as_str()) {
                self.runs.push(named_run(self.view, id));
            }
        }
    }

    /// Adds the session of each run's owner.
    fn add_owners(&mut self, asked: Option<&SessionId>) {
        let owners = self.runs.iter().filter_map(|named| named.reading.record());
        let owners: Vec<SessionId> = owners.filter_map(|run| run.owner.session.clone()).collect();
        for owner in owners {
            if Some(&owner) != asked {
                self.add(owner);
            }
        }
    }

    fn add_session(&mut self, id: &SessionId, asked: &SessionId) {
        if id != asked && self.sessions.len() < MAX_NEIGHBOURS {
            self.add(id.clone());
        }
    }

    fn add(&mut self, id: SessionId) {
        if self.sessions.iter().all(|named| named.id != id.as_str()) {
            let reading = self.view.session(&id);
            self.sessions.push(Named { id: id.into(), reading });
        }
    }
}

/// Returns the project to which the session belongs after the event: the recorded one, unless that is gone.
#[must_use]
pub fn project_of<'a>(session: &'a Reading<Session>, event: &'a Event) -> Option<&'a String> {
    let registered = session.record().and_then(|session| session.project.as_ref());
    registered.filter(|registered| event.missing_project.as_ref() != Some(registered)).or(event.project.as_ref())
}

fn runs_of(session: &Reading<Session>) -> Vec<RunId> {
    let Some(session) = session.record() else { return Vec::new() };
    // A session that has ended may still have notifications for the user.
    let owed = session
        .outbox
        .iter()
        .filter(|entry| !entry.id.reason.is_standing())
        .map(|entry| &entry.id.run)
        .filter(|run| !session.runs.contains(run));
    session.runs.iter().chain(owed).cloned().collect()
}

fn named_run(view: &View<'_>, id: &RunId) -> Named<Run> {
    Named { id: id.to_string(), reading: view.run(id) }
}
