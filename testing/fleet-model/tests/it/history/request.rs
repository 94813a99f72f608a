//! Builds the core's requests as the host does: the records, the probes, and what the fleet says.

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{Event, EventName, Prompt, Source};
use agent_baton_core::fleet::{FleetOwner, FleetStanding};
use agent_baton_core::id::RunId;
use agent_baton_core::loop_state::StopFacts;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{LockState, Probe, Process, ProcessState};
use agent_baton_core::request::{Input, Limits, Named, PROTOCOL, Reading, Request, Snapshot};
use agent_baton_core::run::Run;
use baton_fleet_protocol::{LeaseState, Row, RowOwner};

use super::state::{State, all, read};
use super::world::{MARGIN_MS, World};

impl World {
    /// Returns a request with every record of the machine, so that a rule that reads too much is noticed.
    pub fn request(&self, machine: usize, input: Input, rows: Option<&[Row]>) -> Request {
        let state = &self.machines[machine].state;
        let session = session_of(&input).unwrap_or_default();
        let mut runs = all(&state.runs);
        if let Input::Command(command) = &input
            && !state.runs.contains_key(command.run().as_str())
        {
            runs.push(Named { id: command.run().to_string(), reading: Reading::Absent });
        }
        let fleet = runs.iter().filter_map(|named| self.standing(machine, named, rows)).collect();
        let asks = process_of(&input).cloned();
        let told = state.told.iter().filter(|(of, _, to)| *of == session && Some(to) == asks.as_ref());
        Request {
            protocol: PROTOCOL,
            now: self.now(machine),
            place: self.place(machine),
            locked: true,
            snapshot: Snapshot {
                session: read(&state.sessions, &session),
                runs,
                neighbours: all(&state.sessions).into_iter().filter(|named| named.id != session).collect(),
                probes: self.probes(machine),
                commands: Vec::new(),
                deliveries: Vec::new(),
                acknowledged: told.map(|(_, id, _)| id.clone()).collect(),
                fleet,
                limits: Limits::default(),
            },
            input,
        }
    }

    /// Returns what the fleet says about the owner of a run. Without rows, the database cannot be asked.
    fn standing(&self, machine: usize, named: &Named<Run>, rows: Option<&[Row]>) -> Option<FleetStanding> {
        let state = &self.machines[machine].state;
        let run: RunId = named.id.parse().unwrap();
        let copy = named.reading.record();
        if copy.is_some_and(|copy| copy.fleet.is_none()) {
            return None;
        }
        let owner = match rows {
            Some(rows) => match rows.iter().find(|row| row.run.id == run) {
                Some(row) => owner_of(state, row),
                None if copy.is_none() => return None,
                None => FleetOwner::Unreachable,
            },
            None if copy.is_some_and(|copy| self.has_lease(machine, copy)) => FleetOwner::Here { lapsed: false },
            None => FleetOwner::Unreachable,
        };
        Some(FleetStanding { run, owner })
    }

    /// Returns whether the lease of a run certainly holds on this machine.
    pub fn has_lease(&self, machine: usize, copy: &Run) -> bool {
        let (state, now) = (&self.machines[machine].state, self.now(machine));
        let marked = state.marker.as_ref().is_some_and(|marker| marker.runs.contains(&copy.id));
        let lease = state.leases.get(&copy.id).filter(|_| !marked && state.owns(copy) && copy.status.is_unfinished());
        lease.is_some_and(|lease| {
            let apart = (now.unix_ms - now.boot_ms).abs_diff(lease.offset_ms);
            let same = lease.fence == copy.fence && lease.process == copy.owner.process;
            same && lease.boot == now.boot && now.boot_ms < lease.deadline_ms && apart <= MARGIN_MS
        })
    }

    fn probes(&self, machine: usize) -> Vec<Probe> {
        let at = &self.machines[machine];
        let launches = at.state.sessions.values().flat_map(|(session, _)| {
            session.launches.iter().filter(|launch| launch.ended.is_none()).map(|launch| (&session.id, &launch.process))
        });
        let probe = |(session, process): (_, &Process)| {
            let agent = at.agents.iter().find(|agent| agent.alive && agent.process == *process);
            let state = if agent.is_some() { ProcessState::Running } else { ProcessState::Gone };
            let shows = agent.and_then(|agent| agent.session.as_ref()?.parse().ok());
            Probe {
                session: Clone::clone(session),
                process: process.clone(),
                state,
                shows,
                lock: LockState::None,
                program: None,
            }
        };
        launches.map(probe).collect()
    }

    /// Returns an event of an agent.
    pub fn event(&mut self, machine: usize, agent: usize, name: EventName, source: Option<Source>) -> Event {
        let digest = format!("{:032x}", self.bits());
        let now = self.now(machine);
        let by = &self.machines[machine].agents[agent];
        Event {
            agent: Agent::Claude,
            name,
            session: by.session.as_ref().map(|session| session.parse().unwrap()),
            source,
            question: None,
            subagent: false,
            cwd: Some("/w".into()),
            transcript: None,
            has_context: true,
            prompt: None,
            prompt_id: None,
            digest,
            hook_start_ms: now.boot_ms,
            process: Some(by.process.clone()),
            pane: Pane::Tty { tty: format!("pts/{}", by.process.pid) },
            project: Some("/w".into()),
            directory: None,
            missing_project: None,
            lock: None,
            shows: by.session.as_ref().map(|session| session.parse().unwrap()),
            headless: by.headless,
            terminal_closed: false,
            supervisor_claim: None,
            waited: false,
            stop: None,
            background_work: Vec::new(),
            messages: None,
            last_turn: None,
            program: None,
            home: None,
        }
    }

    /// Returns the facts of a Stop, if the session's run is a loop whose definition is here.
    pub fn stop_facts(&self, machine: usize, session: &str, done: bool) -> Option<StopFacts> {
        let state = &self.machines[machine].state;
        let run = state.session(session)?.runs.first().filter(|run| state.definitions.contains(run))?;
        let definition = state.run(run)?.loop_state.as_ref()?.limits.definition.clone();
        let run = run.clone();
        Some(StopFacts {
            run,
            definition,
            message: None,
            phrase: Some(done),
            check: None,
            project: None,
            again: false,
            cap: None,
        })
    }
}

pub fn prompt(by_user: bool) -> Prompt {
    Prompt { bytes: 5, digest: "d".into(), by_user }
}

/// Returns the owner of a row, seen from a machine.
fn owner_of(state: &State, row: &Row) -> FleetOwner {
    let me = &state.membership.machine;
    match &row.owner {
        RowOwner::Machine { lease: LeaseState::OwnerEnded, .. } => FleetOwner::Ended,
        RowOwner::Machine { id, lease } if id == me => FleetOwner::Here { lapsed: *lease == LeaseState::Lapsed },
        RowOwner::Machine { lease: LeaseState::Lapsed, .. } => FleetOwner::Lapsed,
        RowOwner::Machine { .. } => FleetOwner::Held,
        RowOwner::Handoff { picked_up: Some(machine), .. } if machine == me => FleetOwner::HandedOver,
        RowOwner::Handoff { .. } => FleetOwner::Held,
    }
}

pub fn session_of(input: &Input) -> Option<String> {
    match input {
        Input::Event(event) => event.session.as_ref().map(ToString::to_string),
        Input::Command(command) => command.session().map(ToString::to_string),
    }
}

fn process_of(input: &Input) -> Option<&Process> {
    match input {
        Input::Event(event) => event.process.as_ref(),
        Input::Command(_) => None,
    }
}
