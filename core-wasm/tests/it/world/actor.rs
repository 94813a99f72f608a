//! The processes of a world, and the machines they run on.

use std::collections::BTreeMap;

use agent_baton_core::event::EventName;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{HostId, LockState, Probe, Process, ProcessState, Program};
use agent_baton_core::session::Session;

use super::World;

/// A process of the world.
#[derive(Clone)]
pub struct Actor {
    pub process: Process,
    pub state: ProcessState,
    /// Whether its `/proc` entry cannot be read.
    pub blind: bool,
    pub pane: Pane,
    /// The session that Claude's own file names, if the file can be read.
    pub shows: Option<String>,
    /// The state of the locks that it was seen to hold, by session.
    pub locks: BTreeMap<String, LockState>,
    pub site: Site,
    /// The program that it executes.
    pub program: Program,
}

/// A machine, and a pid namespace on it.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Site {
    /// The machine, by its number in the world.
    pub machine: usize,
    /// The pid namespace.
    pub pidns: u64,
}

/// One boot of a machine.
#[derive(Clone, Copy)]
pub struct Boot {
    number: u32,
    start_ms: u64,
}

impl Boot {
    /// Returns the first boot of a machine, which began long ago.
    pub const fn first(machine: u32) -> Self {
        Self { number: 1 + 100 * machine, start_ms: 1_699_999_000_000 }
    }
}

impl World {
    /// Returns the process of an actor, which is created when it is first named.
    pub fn actor(&mut self, name: &str) -> Actor {
        if let Some(actor) = self.actors.get(name) {
            return actor.clone();
        }
        let letter = name.as_bytes()[0];
        let number: u32 = name[1..].parse().unwrap();
        let pane = match letter {
            b'D' => Pane::Unknown,
            _ => Pane::Tmux { server: "s".into(), pane: format!("%{letter}{number}") },
        };
        let HostId { boot, machine, pidns } = self.place(self.site);
        let (pid, start) = (100 + number + 1000 * u32::from(letter), self.boot_ms(self.site));
        let actor = Actor {
            process: Process { pid, start, boot, machine, pidns },
            state: ProcessState::Running,
            blind: false,
            pane,
            shows: None,
            locks: BTreeMap::new(),
            site: self.site,
            program: Program { name: if letter == b'P' { "claude" } else { "codex" }.into(), file: Some("1:1".into()) },
        };
        self.actors.insert(name.to_owned(), actor.clone());
        actor
    }

    /// Restarts the machine: all its processes are gone, and the boot clock starts again.
    pub fn reboot(&mut self) {
        self.now_ms += 60_000;
        let boot = &mut self.boots[self.site.machine];
        *boot = Boot { number: boot.number + 1, start_ms: self.now_ms };
        for actor in self.actors.values_mut().filter(|actor| actor.site.machine == self.site.machine) {
            actor.state = ProcessState::Gone;
        }
    }

    /// Returns the host id of a call of baton at a site.
    pub fn place(&self, site: Site) -> HostId {
        HostId {
            boot: format!("boot-{}", self.boots[site.machine].number),
            machine: format!("machine-{}", site.machine + 1),
            pidns: 1 + site.pidns,
        }
    }

    pub(super) fn boot_ms(&self, site: Site) -> u64 {
        self.now_ms - self.boots[site.machine].start_ms
    }

    /// Returns the site of a process. Its hook runs at the same site.
    pub(super) fn site_of(&self, process: &Process) -> Site {
        self.actors.values().find(|actor| actor.process == *process).map_or(self.site, |actor| actor.site)
    }

    /// Updates the agent's own files when it starts to show a session.
    pub(super) fn comes_to(&mut self, name: &str, session: &str, event: EventName) {
        self.actor(name);
        let actor = self.actors.get_mut(name).unwrap();
        if event != EventName::SessionEnd {
            actor.locks.remove(session);
        }
        if event == EventName::SessionStart && actor.shows.is_some() {
            actor.shows = Some(session.to_owned());
        }
    }

    pub(super) fn look(&mut self, name: &str, change: impl FnOnce(&mut Actor)) -> String {
        self.actor(name);
        change(self.actors.get_mut(name).unwrap());
        String::new()
    }

    pub fn label(&self, process: &Process) -> String {
        self.actors.iter().find(|(_, actor)| actor.process == *process).map_or("?".into(), |(name, _)| name.clone())
    }

    pub(super) fn probe(&self, session: &Session, process: &Process) -> Option<Probe> {
        let actor = self.actors.values().find(|actor| actor.process == *process)?;
        let shows = actor.shows.as_ref().and_then(|shows| shows.parse().ok());
        let state = if actor.blind { ProcessState::Unreadable } else { actor.state };
        let lock = actor.locks.get(session.id.as_str()).copied().unwrap_or_default();
        let program = (!actor.blind).then(|| actor.program.clone());
        Some(Probe { session: session.id.clone(), process: process.clone(), state, shows, lock, program })
    }
}
