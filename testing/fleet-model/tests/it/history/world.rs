//! Three machines, each with a state directory and agents, and one database.

use std::collections::{BTreeMap, BTreeSet};

use agent_baton_core::id::{FleetId, MachineId};
use agent_baton_core::process::{HostId, Process};
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_model::database::SimulatedDatabase;
use baton_fleet_model::server::{Fault, Server};
use baton_fleet_protocol::{Answer, CommitId, Identity, Position, Request, Token};

use super::check::Known;
use super::state::{Membership, State};
use super::step::Step;

pub const MACHINES: usize = 3;
pub const AGENTS: usize = 2;
pub const SESSIONS: usize = 2;
pub const LEASE_MS: u64 = 300_000;
pub const MARGIN_MS: u64 = 10_000;
pub const PROJECT: &str = "git.example/team/project";

/// `baton` was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed;

/// A process of an agent.
#[derive(Debug, Clone)]
pub struct Agent {
    pub process: Process,
    pub session: Option<String>,
    pub alive: bool,
    pub headless: bool,
}

impl Agent {
    /// Returns whether this is the owner of a run, alive and in the owner's session.
    pub fn is_owner(&self, run: &Run) -> bool {
        let shows = self.session.as_deref() == run.owner.session.as_ref().map(|session| session.as_str());
        self.alive && shows && self.process == run.owner.process
    }
}

/// One machine.
#[derive(Debug, Clone)]
pub struct Machine {
    pub state: State,
    pub saved: Option<State>,
    pub host: String,
    pub boot: String,
    /// When it booted, plus the time that it was paused.
    pub boot_began_ms: u64,
    pub agents: Vec<Agent>,
    pub cut_off: bool,
}

/// What disturbs the current step.
#[derive(Debug, Default)]
struct Plan {
    kill: Option<u8>,
    fault: Option<(u8, u8, Fault)>,
    between: Option<(u8, Box<Step>)>,
    points: u8,
    calls: u8,
    /// The machine whose lock is taken by the step around this one.
    locked: Option<usize>,
    /// The machine of the step around this one.
    busy: Option<usize>,
    disturbed: bool,
}

pub struct World {
    pub server: Server,
    pub backup: Option<SimulatedDatabase>,
    pub machines: Vec<Machine>,
    pub known: Known,
    /// What no check of a single step may say: the core's decision is refused, or a record is broken.
    pub fault: Option<String>,
    /// What the history reached.
    pub reached: BTreeSet<String>,
    plan: Plan,
    ids: u128,
}

impl World {
    pub fn new() -> Self {
        let mut server = Server::default();
        server.primary.now_ms = 1_700_000_000_000;
        let init = Request::Init { fleet: fleet(), role: None };
        drop(server.call(None, &init, Fault::None));
        let plan = Plan::default();
        let (backup, known) = (None, Known::default());
        let mut world = Self {
            server,
            backup,
            machines: Vec::new(),
            known,
            fault: None,
            reached: BTreeSet::new(),
            plan,
            ids: 1 << 64,
        };
        for index in 0..MACHINES {
            let machine = world.new_machine(index);
            world.machines.push(machine);
        }
        world.server.replicate();
        world
    }

    fn new_machine(&mut self, index: usize) -> Machine {
        let (host, boot) = (format!("host-{index}"), format!("boot-{index}-0"));
        let id = self.new_machine_id();
        let token = Token::from_bits(self.bits());
        let join = Request::Join { machine: id.clone(), name: host.clone(), token: token.clone() };
        drop(self.server.call(None, &join, Fault::None));
        let start = Position { change: 0, commit: None };
        let membership = Membership { machine: id, tokens: vec![token], epoch: 1, seen: start, boot: boot.clone() };
        let state = State {
            membership,
            sessions: BTreeMap::new(),
            runs: BTreeMap::new(),
            leases: BTreeMap::new(),
            marker: None,
            definitions: BTreeSet::new(),
            told: Vec::new(),
        };
        let boot_began_ms = self.server.primary.now_ms - 3_600_000;
        let mut machine = Machine { state, saved: None, host, boot, boot_began_ms, agents: Vec::new(), cut_off: false };
        machine.agents = (0..AGENTS).map(|_| self.new_agent(&machine)).collect();
        machine
    }

    /// Returns a new process, which shows no session yet.
    pub fn new_agent(&mut self, machine: &Machine) -> Agent {
        let start = u64::try_from(self.bits() & 0xffff_ffff).unwrap();
        let pid = u32::try_from(start).unwrap();
        let (boot, machine) = (machine.boot.clone(), machine.host.clone());
        let process = Process { pid, start, boot, machine, pidns: 1 };
        Agent { process, session: None, alive: true, headless: false }
    }

    pub fn new_machine_id(&mut self) -> MachineId {
        format!("machine-{:x}", self.bits() & 0xffff).parse().unwrap()
    }

    /// Returns random bits: a number that was never returned before.
    pub fn bits(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    pub fn commit_id(&mut self) -> CommitId {
        CommitId::from_bits(self.bits())
    }

    pub fn now(&self, machine: usize) -> Timestamp {
        let (unix_ms, at) = (self.server.primary.now_ms, &self.machines[machine]);
        Timestamp { unix_ms, boot: at.boot.clone(), boot_ms: unix_ms - at.boot_began_ms }
    }

    pub fn place(&self, machine: usize) -> HostId {
        let at = &self.machines[machine];
        HostId { boot: at.boot.clone(), machine: at.host.clone(), pidns: 1 }
    }

    /// Takes a step, with what disturbs it. Returns whether it was not killed.
    pub fn step(&mut self, step: &Step) -> bool {
        let disturbed = step.kill.is_some() || step.fault.is_some() || step.between.is_some();
        let (locked, busy) = (self.plan.locked, self.plan.busy);
        let (kill, fault, between) = (step.kill, step.fault, step.between.clone());
        let plan = Plan { kill, fault, between, locked, busy, disturbed, ..Plan::default() };
        let around = std::mem::replace(&mut self.plan, plan);
        let done = self.take(step.machine, &step.action).is_ok();
        self.plan = around;
        done
    }

    /// A point of the protocol, at which `baton` may be killed, or another call may come first. Under the lock, another call on
    /// the same machine has to wait.
    pub fn point(&mut self, machine: usize, locked: bool) -> Result<(), Killed> {
        let at = self.plan.points;
        self.plan.points += 1;
        if let Some((_, step)) =
            self.plan.between.take_if(|(point, step)| *point == at && !(locked && step.machine == machine))
        {
            let outer = (self.plan.locked, self.plan.busy);
            (self.plan.locked, self.plan.busy) = (locked.then_some(machine), Some(machine));
            self.step(&step);
            (self.plan.locked, self.plan.busy) = outer;
        }
        if self.plan.kill == Some(at) { Err(Killed) } else { Ok(()) }
    }

    /// Returns whether the lock of a machine is taken by the step around this one, so that nothing can change there.
    pub fn is_locked(&self, machine: usize) -> bool {
        self.plan.locked == Some(machine)
    }

    /// Returns whether a call of a machine is under way, so that nothing can happen to the machine itself.
    pub fn is_busy(&self, machine: usize) -> bool {
        self.plan.busy == Some(machine)
    }

    /// Returns whether the current step is disturbed.
    pub fn is_disturbed(&self) -> bool {
        self.plan.disturbed
    }

    /// Does something that nothing disturbs.
    pub fn undisturbed<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let around = std::mem::take(&mut self.plan);
        let done = act(self);
        self.plan = around;
        done
    }

    /// Records that the history reached something.
    pub fn reach(&mut self, what: &str) {
        if !self.reached.contains(what) {
            self.reached.insert(what.to_owned());
        }
    }

    /// Asks the database.
    pub fn call(&mut self, machine: usize, request: &Request) -> Answer {
        let membership = &self.machines[machine].state.membership;
        let identity = Identity {
            fleet: fleet(),
            epoch: membership.epoch,
            machine: membership.machine.clone(),
            tokens: membership.tokens.clone(),
            seen: membership.seen.clone(),
        };
        let at = self.plan.calls;
        self.plan.calls += 1;
        let fault = self
            .plan
            .fault
            .filter(|(first, count, _)| (*first..first + count).contains(&at))
            .map_or(Fault::None, |(.., fault)| fault);
        let fault = if self.machines[machine].cut_off { Fault::NotReached } else { fault };
        let answer = self.server.call(Some(&identity), request, fault);
        match &answer {
            Answer::Conflict { .. } => self.reach("conflict"),
            Answer::Withdrawn => self.reach("withdrawn"),
            Answer::Failed(failure) => self.reach(&format!("{:?}", failure.cause)),
            _ => {}
        }
        answer
    }

    /// Everything is reachable, and nothing disturbs any more.
    pub fn calm(&mut self) {
        self.server.deliver();
        self.server.replicate();
        self.machines.iter_mut().for_each(|machine| machine.cut_off = false);
    }
}

pub fn fleet() -> FleetId {
    "fleet".parse().unwrap()
}

/// Returns the name of a session.
pub fn session_name(session: usize) -> String {
    format!("session-{session}")
}
