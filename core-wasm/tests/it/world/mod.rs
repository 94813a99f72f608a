//! A small world in which the core's decisions are applied: records, processes and a clock.
//!
//! A process is named by a letter and a number: `P1` is a Claude process, `X1` a Codex process, `D1` a Codex daemon.
//! Each has a pane of its own, except the daemon, which has none. See [`script`] for the possible steps.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub mod actor;
pub mod command;
pub mod fleet;
pub mod loops;
pub mod script;

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::decide::{decide, decide_bytes};
use agent_baton_core::decision::{Decision, Location, Notification, Record};
use agent_baton_core::event::{Event, EventName, Prompt, Source};
use agent_baton_core::fence::Fence;
use agent_baton_core::fleet::FleetOwner;
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Caller, Command, Input, Limits, Named, PROTOCOL, Reading, Request, Snapshot};
use agent_baton_core::run::Run;
use agent_baton_core::session::{Delivery, MAX_DELIVERIES, MAX_LAUNCHES, NotificationId, Session};
use agent_baton_core::supervisor_claim::SupervisorClaim;
use agent_baton_core::timestamp::Timestamp;

use actor::{Actor, Boot, Site};

/// Milliseconds between two steps of a script. It is far longer than the window for duplicate events.
const STEP_MS: u64 = 1000;

/// The world that a script changes.
pub struct World {
    pub sessions: BTreeMap<String, (Session, Location)>,
    pub runs: BTreeMap<String, (Run, Location)>,
    pub actors: BTreeMap<String, Actor>,
    pub unreadable: Vec<String>,
    pub deliveries: BTreeMap<String, Vec<Delivery>>,
    /// The acknowledgements in each session's log: the delivered notifications and the process that got them.
    pub told: BTreeMap<String, Vec<(NotificationId, Option<Process>)>>,
    /// The notifications of the last decision.
    pub said: Vec<Notification>,
    /// Whether replies are lost, as if the hook were killed between its commit and its reply.
    pub mute: bool,
    /// The function that decides a request.
    pub decide: fn(&Request) -> Decision,
    boots: [Boot; 2],
    pub site: Site,
    /// The true time, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
    /// The difference between the wall clock and the true time, in milliseconds.
    skew_ms: i64,
    events: u64,
    last: Option<Event>,
    /// The supervisor claim in the environment of the next events.
    claim: Option<SupervisorClaim>,
    /// The supervised runs whose lock is held by some process.
    held: Vec<String>,
    /// What commands left behind.
    survivors: Vec<String>,
    blind_to_survivors: bool,
    /// What the fleet says about the owners of runs.
    pub fleet: BTreeMap<String, FleetOwner>,
    /// The user's limits.
    pub limits: Limits,
}

impl Default for World {
    fn default() -> Self {
        Self {
            sessions: BTreeMap::new(),
            runs: BTreeMap::new(),
            actors: BTreeMap::new(),
            unreadable: Vec::new(),
            deliveries: BTreeMap::new(),
            told: BTreeMap::new(),
            said: Vec::new(),
            mute: false,
            decide: decide_thoroughly,
            boots: [Boot::first(0), Boot::first(1)],
            site: Site::default(),
            now_ms: 1_700_000_000_000,
            skew_ms: 0,
            events: 0,
            last: None,
            claim: None,
            held: Vec::new(),
            survivors: Vec::new(),
            blind_to_survivors: false,
            fleet: BTreeMap::new(),
            limits: Limits::default(),
        }
    }
}

impl World {
    /// Returns a record as one line.
    pub fn view(&self, id: &str) -> String {
        if let Some((run, location)) = self.runs.get(id) {
            let owner = self.label(&run.owner.process);
            let location = if *location == Location::Archive { " archived" } else { "" };
            let turns = run.loop_state.as_ref().map_or_else(String::new, |_| format!(" at {}", run.iteration));
            let owner_session = run.owner.session.as_ref().map_or("command", |id| id.as_str());
            return format!("{id} {} {owner_session}/{owner} #{}{turns}{location}", run.status.name(), run.fence);
        }
        let Some((session, location)) = self.sessions.get(id) else {
            return format!("{id} none");
        };
        let launches: Vec<String> = session
            .launches
            .iter()
            .map(|launch| {
                let end = launch.ended.as_ref().map(|end| format!(":{}", end.reason)).unwrap_or_default();
                let pane = if launch.pane.is_known() { "" } else { "?" };
                format!("{}{pane}{end}", self.label(&launch.process))
            })
            .collect();
        let over = session.ended.as_ref().map(|over| format!(" over:{}", over.reason)).unwrap_or_default();
        let location = match location {
            Location::Live => "",
            Location::Archive => " archived",
            Location::Trash => " deleted",
        };
        format!("{id} {}{over}{location}", launches.join(","))
    }

    /// Returns the project of a session or a run.
    fn project_of(&self, id: &str) -> String {
        let session = self.sessions.get(id).map(|(session, _)| &session.project);
        session.or_else(|| self.runs.get(id).map(|(run, _)| &run.project)).cloned().flatten().unwrap_or_default()
    }

    fn now(&self, site: Site) -> Timestamp {
        let unix_ms = self.now_ms.saturating_add_signed(self.skew_ms);
        Timestamp { unix_ms, boot: self.place(site).boot, boot_ms: self.boot_ms(site) }
    }

    fn caller(&mut self, by: &str) -> Caller {
        if let Some(fence) = by.strip_prefix('#') {
            return Caller { fence: Some(Fence(fence.parse().unwrap())), ..Caller::default() };
        }
        Caller { fence: None, session: None, ancestors: vec![self.actor(by).process], supervisor_claim: None }
    }

    fn event(&mut self, actor: &str, session: &str, name: EventName, source: Option<Source>) -> Event {
        let actor_name = actor;
        let actor = self.actor(actor);
        self.events += 1;
        let own = actor.process.clone();
        let agent = if actor_name.starts_with('P') { Agent::Claude } else { Agent::Codex };
        Event {
            agent,
            name,
            session: session.parse().ok(),
            source,
            question: None,
            subagent: false,
            cwd: Some("/w".into()),
            transcript: None,
            has_context: false,
            prompt: (name == EventName::UserPromptSubmit).then(|| Prompt {
                bytes: 5,
                digest: "d".into(),
                by_user: true,
            }),
            prompt_id: None,
            digest: format!("digest-{}", self.events),
            hook_start_ms: self.boot_ms(self.site_of(&actor.process)).saturating_sub(10),
            process: Some(actor.process),
            pane: actor.pane,
            project: Some("/w".into()),
            directory: None,
            missing_project: None,
            lock: None,
            shows: actor.shows.and_then(|shows| shows.parse().ok()),
            headless: false,
            terminal_closed: false,
            supervisor_claim: self.claim_of(&own),
            waited: false,
            stop: None,
            background_work: Vec::new(),
            messages: None,
            last_turn: None,
            program: Some(actor.program),
            home: None,
        }
    }

    fn start(&mut self, session: &str, actor: &str, run: &str) -> Decision {
        let process = self.actor(actor).process;
        self.command(Command::Start {
            run: run.parse().unwrap(),
            name: run.parse().unwrap(),
            phase: None,
            max_iterations: None,
            session: session.parse().unwrap(),
            process,
            loop_state: None,
            fleet: None,
        })
    }

    fn command(&mut self, command: Command) -> Decision {
        let id = command.session().map(ToString::to_string).unwrap_or_default();
        let named = command.run().to_string();
        self.ask(Input::Command(Box::new(command)), &id, Some(&named))
    }

    fn deliver(&mut self, event: Event) -> Decision {
        self.last = Some(event.clone());
        let id = event.session.as_ref().map(ToString::to_string).unwrap_or_default();
        let decision = self.ask(Input::Event(Box::new(event.clone())), &id, None);
        let Some(process) = event.process.filter(|_| decision.reason == Reason::Heartbeat) else {
            return decision;
        };
        let line = Delivery {
            digest: event.digest,
            at: self.now(self.site_of(&process)),
            process,
            event: None,
            continuation: None,
        };
        self.deliveries.entry(id).or_default().push(line);
        decision
    }

    fn ask(&mut self, input: Input, session: &str, run: Option<&str>) -> Decision {
        let request = self.request(input, session, run);
        let decision = (self.decide)(&request);
        self.apply(&request, &decision);
        decision
    }

    /// Returns a request that contains every record, so that a rule that reads too much is noticed.
    fn request(&self, input: Input, session: &str, run: Option<&str>) -> Request {
        let runs = self
            .runs
            .keys()
            .map(String::as_str)
            .chain(run)
            .map(|id| Named { id: id.into(), reading: self.read(&self.runs, id) });
        let mut runs: Vec<Named<Run>> = runs.collect();
        runs.dedup_by(|a, b| a.id == b.id);
        let probes = self
            .sessions
            .values()
            .flat_map(|(session, _)| session.launches.iter().filter_map(|launch| self.probe(session, &launch.process)));
        let is_refresh = input.refreshed_run().is_some();
        let site = match &input {
            Input::Event(event) => event.process.as_ref().map_or(self.site, |process| self.site_of(process)),
            Input::Command(_) => self.site,
        };
        let asks = asking(&input);
        let marks = self.told.get(session).into_iter().flatten();
        let concerns = |(told, to): &&(NotificationId, Option<Process>)| {
            told.reason.is_offer() || told.reason.ends_loop() || *to == asks
        };
        let told = marks.filter(concerns).map(|(told, _)| told.clone()).collect();
        Request {
            protocol: PROTOCOL,
            now: self.now(site),
            place: self.place(site),
            locked: true,
            input,
            snapshot: Snapshot {
                session: self.read(&self.sessions, session),
                runs,
                neighbours: self
                    .sessions
                    .keys()
                    .filter(|id| *id != session)
                    .map(|id| Named { id: id.clone(), reading: self.read(&self.sessions, id) })
                    .filter(|named| is_refresh || !matches!(named.reading, Reading::Archived(_)))
                    .collect(),
                probes: probes.collect(),
                commands: self.command_probes(),
                deliveries: self.deliveries.get(session).cloned().unwrap_or_default(),
                acknowledged: told,
                fleet: self.standings(),
                limits: self.limits.clone(),
            },
        }
    }

    fn read<T: Clone>(&self, records: &BTreeMap<String, (T, Location)>, id: &str) -> Reading<T> {
        if self.unreadable.iter().any(|broken| broken == id) {
            return Reading::Unreadable;
        }
        match records.get(id) {
            None => Reading::Absent,
            Some((record, Location::Live)) => Reading::Live(record.clone()),
            Some((record, Location::Archive)) => Reading::Archived(record.clone()),
            Some((_, Location::Trash)) => Reading::Deleted,
        }
    }

    /// Applies a decision as the host does, with the host's checks.
    fn apply(&mut self, request: &Request, decision: &Decision) {
        for change in &decision.changes {
            assert!(!self.unreadable.iter().any(|id| id == change.record.id()), "an unreadable record is left alone");
            assert_eq!(change.record.revision(), change.before.unwrap_or(0) + 1);
            match &change.record {
                Record::Session(session) => {
                    assert!(session.launches.len() <= MAX_LAUNCHES && session.deliveries.len() <= MAX_DELIVERIES);
                    let before = self.sessions.insert(session.id.to_string(), ((**session).clone(), change.to));
                    assert_eq!(before.map(|(session, _)| session.revision), change.before);
                }
                Record::Run(run) => {
                    let before = self.runs.insert(run.id.to_string(), ((**run).clone(), change.to));
                    if let Some((old, _)) = &before {
                        let given =
                            (&old.owner.session, &old.owner.process) != (&run.owner.session, &run.owner.process);
                        assert!(old.fence < run.fence || (old.fence == run.fence && !given), "a fence only grows");
                    }
                    assert_eq!(before.map(|(run, _)| run.revision), change.before);
                }
            }
        }
        let Input::Event(event) = &request.input else {
            return;
        };
        for tell in &decision.notifications {
            if let (Some(id), Some(told), false) = (&event.session, tell.id(), self.mute) {
                self.told.entry(id.to_string()).or_default().push((told.clone(), asking(&request.input)));
            }
        }
    }
}

fn asking(input: &Input) -> Option<Process> {
    match input {
        Input::Event(event) => event.process.clone(),
        Input::Command(_) => None,
    }
}

/// Decides natively, and checks that JSON gives the same decision and that nothing changes without the lock.
pub fn decide_thoroughly(request: &Request) -> Decision {
    let decision = decide(request);
    let bytes = serde_json::to_vec(request).unwrap();
    assert_eq!(decide_bytes(&bytes), serde_json::to_vec(&decision).unwrap(), "the same answer through JSON");
    let unlocked = decide(&Request { locked: false, ..request.clone() });
    assert!(unlocked.changes.is_empty() && unlocked.notifications.is_empty(), "nothing changes without the lock");
    decision
}
