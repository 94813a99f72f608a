//! Records for tests.
#![allow(missing_docs, clippy::unwrap_used, reason = "for tests alone")]

use crate::agent::Agent;
use crate::event::{Event, EventName};
use crate::fence::Fence;
use crate::pane::Pane;
use crate::process::{HostId, Process};
use crate::run::{Owner, Run, Status};
use crate::session::{Launch, Session};
use crate::timestamp::Timestamp;

pub fn place() -> HostId {
    HostId { boot: "boot".into(), machine: "machine".into(), pidns: 1 }
}

pub fn stamp(ms: u64) -> Timestamp {
    Timestamp { unix_ms: 1_700_000_000_000 + ms, boot: "boot".into(), boot_ms: ms }
}

pub fn process(pid: u32) -> Process {
    Process { pid, start: u64::from(pid) * 10, boot: "boot".into(), machine: "machine".into(), pidns: 1 }
}

pub fn pane(n: u32) -> Pane {
    Pane::Tmux { server: "/tmp/tmux".into(), pane: format!("%{n}") }
}

pub fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// Returns a session whose process and pane have the given number.
pub fn session(name: &str, pid: u32) -> Session {
    Session {
        revision: 1,
        project: Some("/work/project".into()),
        directory: None,
        launches: vec![launch(pid)],
        ..Session::new(Agent::Claude, id(name), &stamp(1))
    }
}

pub fn launch(pid: u32) -> Launch {
    Launch {
        process: process(pid),
        pane: pane(pid),
        source: None,
        started: stamp(u64::from(pid)),
        ended: None,
        lock: None,
        program: None,
        home: None,
        iteration_of: None,
    }
}

pub fn run(name: &str, owner: &str, pid: u32) -> Run {
    Run {
        id: id(name),
        revision: 1,
        name: "a run".to_owned().try_into().unwrap(),
        status: Status::Active,
        phase: None,
        iteration: 0,
        max_iterations: None,
        owner: Owner {
            agent: Some(Agent::Claude),
            session: Some(id(owner)),
            process: process(pid),
            pane: pane(pid),
            child: None,
        },
        fence: Fence::FIRST,
        history: Vec::new(),
        project: Some("/work/project".into()),
        directory: None,
        created: stamp(1),
        updated: stamp(1),
        finished: None,
        stop_reason: None,
        loop_state: None,
        fleet: None,
    }
}

pub fn event(name: EventName, of: &str, digest: &str) -> Event {
    Event {
        agent: Agent::Claude,
        name,
        session: Some(id(of)),
        source: None,
        question: None,
        subagent: false,
        cwd: None,
        transcript: None,
        has_context: false,
        prompt: None,
        prompt_id: None,
        digest: digest.into(),
        hook_start_ms: 0,
        process: Some(process(1)),
        pane: pane(1),
        project: None,
        directory: None,
        missing_project: None,
        lock: None,
        shows: None,
        headless: false,
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
