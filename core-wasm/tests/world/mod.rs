//! A small world in which the core's decisions are applied: records, processes, a clock.
//!
//! A script is one step a line, with the rows that must apply behind `->`. Processes are named by a letter and a number: `P1` is a
//! Claude process, `X1` a Codex process, `D1` a Codex daemon; each has a pane of its own, the daemon none.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::decide::{decide, decide_bytes};
use agent_baton_core::decision::{Decision, Record, Shelf, Tell};
use agent_baton_core::event::{Event, EventName, Prompt, Source};
use agent_baton_core::fence::Fence;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{LockSight, Place, Probe, Process, Sight};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Ask, Caller, Command, Limits, Named, PROTOCOL, Reading, Request, Snapshot};
use agent_baton_core::run::Run;
use agent_baton_core::session::{Delivery, Session, Told};
use agent_baton_core::stamp::Stamp;

/// Milliseconds between two steps of a script, well beyond the window of a second delivery.
const STEP_MS: u64 = 1000;

/// A process of the world.
#[derive(Clone)]
pub struct Actor {
    pub process: Process,
    pub sight: Sight,
    pub pane: Pane,
    pub shows: Option<String>,
    pub lock: LockSight,
}

/// The world.
pub struct World {
    pub sessions: BTreeMap<String, (Session, Shelf)>,
    pub runs: BTreeMap<String, (Run, Shelf)>,
    pub actors: BTreeMap<String, Actor>,
    pub unreadable: Vec<String>,
    pub deliveries: BTreeMap<String, Vec<Delivery>>,
    pub told: BTreeMap<String, Vec<Told>>,
    /// What the last decision said.
    pub said: Vec<Tell>,
    /// Whether replies get lost, as when a hook is killed between its commit and its reply.
    pub mute: bool,
    place: Place,
    now_ms: u64,
    boot_start_ms: u64,
    events: u64,
    last: Option<Event>,
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
            place: Place { boot: "boot-1".into(), machine: "machine-1".into(), pidns: 1 },
            now_ms: 1_700_000_000_000,
            boot_start_ms: 1_699_999_000_000,
            events: 0,
            last: None,
        }
    }
}

/// Plays a script and checks the rows of every step that names some.
pub fn check(script: &str) -> World {
    let mut world = World::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(expected) = line.strip_prefix("= ") {
            assert_eq!(world.view(expected.split_whitespace().next().unwrap()), expected, "in\n{script}");
            continue;
        }
        let (step, expected) =
            line.split_once("->").map_or((line, None), |(step, rows)| (step.trim(), Some(rows.trim())));
        let rows = world.step(step);
        if let Some(expected) = expected {
            assert_eq!(rows, expected, "{step}\nin\n{script}");
        }
    }
    world
}

impl World {
    /// Plays one step; gives the rows that applied, and `+told` where something was said.
    pub fn step(&mut self, step: &str) -> String {
        self.now_ms += STEP_MS;
        let words: Vec<&str> = step.split_whitespace().collect();
        let decision = match words.as_slice() {
            ["kill", actor] => return self.look(actor, |actor| actor.sight = Sight::Gone),
            ["blind", actor] => return self.look(actor, |actor| actor.sight = Sight::Unreadable),
            ["zombie", actor] => return self.look(actor, |actor| actor.sight = Sight::Zombie),
            ["reuse", actor] => return self.look(actor, |actor| actor.sight = Sight::Reused),
            ["unlock", actor] => return self.look(actor, |actor| actor.lock = LockSight::Released),
            ["shows", actor, session] => {
                return self.look(actor, |actor| actor.shows = Some((*session).to_owned()));
            }
            ["pane", actor, pane] => {
                let pane = Pane::Tmux { server: "s".into(), pane: (*pane).to_owned() };
                return self.look(actor, |actor| actor.pane = pane);
            }
            ["break", record] => {
                self.unreadable.push((*record).to_owned());
                return String::new();
            }
            ["mute"] => {
                self.mute = true;
                return String::new();
            }
            ["unmute"] => {
                self.mute = false;
                return String::new();
            }
            ["pin", session] => {
                self.sessions.get_mut(*session).unwrap().0.pinned = true;
                return String::new();
            }
            ["days", days] => {
                self.now_ms += days.parse::<u64>().unwrap() * 86_400_000;
                return String::new();
            }
            ["hours", hours] => {
                self.now_ms += hours.parse::<u64>().unwrap() * 3_600_000;
                return String::new();
            }
            ["reboot"] => {
                self.reboot();
                return String::new();
            }
            ["elsewhere"] => {
                self.place.machine = "machine-2".into();
                return String::new();
            }
            ["container"] => {
                self.place.pidns += 1;
                return String::new();
            }
            ["again"] => {
                self.now_ms -= STEP_MS;
                let event = self.last.clone().unwrap();
                self.deliver(event)
            }
            ["late-end", actor, session, ms] => {
                let mut event = self.event(actor, session, EventName::SessionEnd, None);
                event.hook_start_ms -= ms.parse::<u64>().unwrap();
                self.deliver(event)
            }
            ["run", session, actor, run] => self.start(session, actor, run),
            ["cancel", run] => self.command(Command::Cancel { run: run.parse().unwrap(), why: None }),
            ["adopt", run, session, actor, rest @ ..] => {
                let process = self.actor(actor).process;
                self.command(Command::Adopt {
                    run: run.parse().unwrap(),
                    session: session.parse().unwrap(),
                    process,
                    force: rest.contains(&"force"),
                    take: rest.contains(&"take"),
                })
            }
            ["update", run, by] => {
                let caller = self.caller(by);
                self.command(Command::Update {
                    run: run.parse().unwrap(),
                    caller,
                    phase: None,
                    iteration: Some(u32::try_from(self.events).unwrap() + 1),
                    max_iterations: None,
                })
            }
            ["verify", run, by] => {
                let caller = self.caller(by);
                self.command(Command::Verify { run: run.parse().unwrap(), caller })
            }
            ["finish", run, by] => {
                let caller = self.caller(by);
                self.command(Command::Finish { run: run.parse().unwrap(), caller, failed: false, why: None })
            }
            [actor, what, session, rest @ ..] => {
                let (name, source) = match *what {
                    "start" => (EventName::SessionStart, Some(source(rest.first().copied().unwrap_or("startup")))),
                    "compact" => (EventName::SessionStart, Some(Source::Compact)),
                    "prompt" => (EventName::UserPromptSubmit, None),
                    "stop" => (EventName::Stop, None),
                    "end" => (EventName::SessionEnd, None),
                    other => panic!("no such event: {other}"),
                };
                let event = self.event(actor, session, name, source);
                self.deliver(event)
            }
            _ => panic!("no such step: {step}"),
        };
        self.said.clone_from(&decision.tell);
        let mut words: Vec<&str> = std::iter::once(decision.reason).chain(decision.also).map(Reason::word).collect();
        if !decision.tell.is_empty() {
            words.push("+told");
        }
        words.join(" ")
    }

    /// One line on a record, by its id.
    pub fn view(&self, id: &str) -> String {
        if let Some((run, shelf)) = self.runs.get(id) {
            let owner = self.label(&run.owner.process);
            let shelf = if *shelf == Shelf::Archive { " archived" } else { "" };
            return format!("{id} {} {}/{owner} #{}{shelf}", run.status.name(), run.owner.session, run.fence);
        }
        let Some((session, shelf)) = self.sessions.get(id) else {
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
        let over = session.over.as_ref().map(|over| format!(" over:{}", over.reason)).unwrap_or_default();
        let shelf = if *shelf == Shelf::Archive { " archived" } else { "" };
        format!("{id} {}{over}{shelf}", launches.join(","))
    }

    /// The process of an actor, made when first named.
    pub fn actor(&mut self, name: &str) -> Actor {
        let place = &self.place;
        let number: u32 = name[1..].parse().unwrap();
        let pane = match name.as_bytes()[0] {
            b'D' => Pane::Unknown,
            letter => Pane::Tmux { server: "s".into(), pane: format!("%{letter}{number}") },
        };
        let start = self.now_ms - self.boot_start_ms;
        self.actors
            .entry(name.to_owned())
            .or_insert_with(|| Actor {
                process: Process {
                    pid: 100 + number + 1000 * u32::from(name.as_bytes()[0]),
                    start,
                    boot: place.boot.clone(),
                    machine: place.machine.clone(),
                    pidns: place.pidns,
                },
                sight: Sight::Running,
                pane,
                shows: None,
                lock: LockSight::None,
            })
            .clone()
    }

    /// Restarts the machine: every process is gone, and the clock of the boot starts anew.
    pub fn reboot(&mut self) {
        let number: u32 = self.place.boot[5..].parse().unwrap();
        self.place.boot = format!("boot-{}", number + 1);
        self.now_ms += 60_000;
        self.boot_start_ms = self.now_ms;
        for actor in self.actors.values_mut() {
            actor.sight = Sight::Gone;
        }
    }

    fn look(&mut self, name: &str, change: impl FnOnce(&mut Actor)) -> String {
        self.actor(name);
        change(self.actors.get_mut(name).unwrap());
        String::new()
    }

    fn label(&self, process: &Process) -> String {
        self.actors.iter().find(|(_, actor)| actor.process == *process).map_or("?".into(), |(name, _)| name.clone())
    }

    fn now(&self) -> Stamp {
        Stamp { unix_ms: self.now_ms, boot: self.place.boot.clone(), boot_ms: self.now_ms - self.boot_start_ms }
    }

    fn caller(&mut self, by: &str) -> Caller {
        if let Some(fence) = by.strip_prefix('#') {
            return Caller { fence: Some(Fence(fence.parse().unwrap())), ..Caller::default() };
        }
        Caller { fence: None, session: None, ancestors: vec![self.actor(by).process] }
    }

    fn event(&mut self, actor: &str, session: &str, name: EventName, source: Option<Source>) -> Event {
        let actor_name = actor;
        let actor = self.actor(actor);
        self.events += 1;
        let agent = if actor_name.starts_with('P') { Agent::Claude } else { Agent::Codex };
        Event {
            agent,
            name,
            session: session.parse().ok(),
            source,
            subagent: false,
            cwd: Some("/w".into()),
            transcript: None,
            has_context: false,
            prompt: (name == EventName::UserPromptSubmit).then(|| Prompt {
                bytes: 5,
                digest: "d".into(),
                by_person: true,
            }),
            prompt_id: None,
            digest: format!("digest-{}", self.events),
            hook_start_ms: self.now_ms - self.boot_start_ms - 10,
            process: Some(actor.process),
            pane: actor.pane,
            project: Some("/w".into()),
            lock: (actor.lock != LockSight::None).then(|| format!("/locks/{session}.lock")),
            shows: actor.shows.and_then(|shows| shows.parse().ok()),
            waited: false,
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
        })
    }

    fn command(&mut self, command: Command) -> Decision {
        let id = command.session().map(ToString::to_string).unwrap_or_default();
        let named = command.run().to_string();
        self.ask(Ask::Command(Box::new(command)), &id, Some(&named))
    }

    fn deliver(&mut self, event: Event) -> Decision {
        self.last = Some(event.clone());
        let id = event.session.as_ref().map(ToString::to_string).unwrap_or_default();
        let decision = self.ask(Ask::Event(Box::new(event.clone())), &id, None);
        let Some(process) = event.process.filter(|_| decision.reason == Reason::Heartbeat) else {
            return decision;
        };
        let line = Delivery { digest: event.digest, process, at: self.now() };
        self.deliveries.entry(id).or_default().push(line);
        decision
    }

    fn ask(&mut self, ask: Ask, session: &str, run: Option<&str>) -> Decision {
        let request = self.request(ask, session, run);
        let decision = decide(&request);
        let bytes = serde_json::to_vec(&request).unwrap();
        assert_eq!(decide_bytes(&bytes), serde_json::to_vec(&decision).unwrap(), "the same answer through JSON");
        let unlocked = decide(&Request { locked: false, ..request.clone() });
        assert!(unlocked.changes.is_empty() && unlocked.tell.is_empty(), "nothing changes without the lock");
        self.apply(&request, &decision);
        decision
    }

    /// Everything is handed to the core: what a rule must not look at, it must not look at even when it is there.
    fn request(&self, ask: Ask, session: &str, run: Option<&str>) -> Request {
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
        Request {
            protocol: PROTOCOL,
            now: self.now(),
            place: self.place.clone(),
            locked: true,
            ask,
            snapshot: Snapshot {
                session: self.read(&self.sessions, session),
                runs,
                neighbours: self
                    .sessions
                    .keys()
                    .filter(|id| *id != session)
                    .map(|id| Named { id: id.clone(), reading: self.read(&self.sessions, id) })
                    .filter(|named| !matches!(named.reading, Reading::Archived(_)))
                    .collect(),
                probes: probes.collect(),
                deliveries: self.deliveries.get(session).cloned().unwrap_or_default(),
                told: self.told.get(session).cloned().unwrap_or_default(),
                limits: Limits::default(),
            },
        }
    }

    fn read<T: Clone>(&self, records: &BTreeMap<String, (T, Shelf)>, id: &str) -> Reading<T> {
        if self.unreadable.iter().any(|broken| broken == id) {
            return Reading::Unreadable;
        }
        match records.get(id) {
            None => Reading::Absent,
            Some((record, Shelf::Live)) => Reading::Live(record.clone()),
            Some((record, Shelf::Archive)) => Reading::Archived(record.clone()),
        }
    }

    fn probe(&self, session: &Session, process: &Process) -> Option<Probe> {
        let actor = self.actors.values().find(|actor| actor.process == *process)?;
        let shows = actor.shows.as_ref().and_then(|shows| shows.parse().ok());
        Some(Probe {
            session: session.id.clone(),
            process: process.clone(),
            sight: actor.sight,
            shows,
            lock: actor.lock,
        })
    }

    /// Applies a decision as the host does, and checks what the host checks.
    fn apply(&mut self, request: &Request, decision: &Decision) {
        for change in &decision.changes {
            assert!(!self.unreadable.iter().any(|id| id == change.record.id()), "an unreadable record is left alone");
            assert_eq!(change.record.revision(), change.before.unwrap_or(0) + 1);
            match &change.record {
                Record::Session(session) => {
                    let before = self.sessions.insert(session.id.to_string(), ((**session).clone(), change.to));
                    assert_eq!(before.map(|(session, _)| session.revision), change.before);
                }
                Record::Run(run) => {
                    let before = self.runs.insert(run.id.to_string(), ((**run).clone(), change.to));
                    assert!(before.as_ref().is_none_or(|(old, _)| old.fence <= run.fence), "a fence only grows");
                    assert_eq!(before.map(|(run, _)| run.revision), change.before);
                }
            }
        }
        let Ask::Event(event) = &request.ask else {
            return;
        };
        for tell in &decision.tell {
            if let (Tell::Transferred { told, .. }, Some(id), false) = (tell, &event.session, self.mute) {
                self.told.entry(id.to_string()).or_default().push(told.clone());
            }
        }
    }
}

fn source(word: &str) -> Source {
    match word {
        "startup" => Source::Startup,
        "resume" => Source::Resume,
        "clear" => Source::Clear,
        "fork" => Source::Fork,
        other => panic!("no such source: {other}"),
    }
}
