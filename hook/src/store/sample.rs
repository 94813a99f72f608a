//! Records and stores for the tests.

use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::{Change, Record, Shelf};
use agent_baton_core::event::{Event, EventName};
use agent_baton_core::fence::Fence;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{Place, Process};
use agent_baton_core::request::{Named, Reading, Snapshot};
use agent_baton_core::run::{Owner, Run, Status};
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::stamp::Stamp;
use serde_json::Map;

use super::{Checked, CommitError, Committed, Home, Locked, Store, View};

pub fn place() -> Place {
    Place { boot: "boot".into(), machine: "machine".into(), pidns: 1 }
}

pub fn stamp(ms: u64) -> Stamp {
    Stamp { unix_ms: 1_700_000_000_000 + ms, boot: "boot".into(), boot_ms: ms }
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

/// A session shown by the process and the pane of that number.
pub fn session(name: &str, pid: u32) -> Session {
    Session {
        revision: 1,
        project: Some("/work/project".into()),
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
        iteration_of: None,
        told: Vec::new(),
        untold: Vec::new(),
        extra: Map::new(),
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
        created: stamp(1),
        updated: stamp(1),
        finished: None,
        stop_reason: None,
        looping: None,
        extra: Map::new(),
    }
}

pub fn event(name: EventName, of: &str, digest: &str) -> Event {
    Event {
        agent: Agent::Claude,
        name,
        session: Some(id(of)),
        source: None,
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
        lock: None,
        shows: None,
        headless: false,
        hung_up: false,
        beneath: None,
        waited: false,
        stop: None,
        messages: None,
        last_turn: None,
    }
}

/// A store in a directory of its own.
pub struct World {
    pub dir: tempfile::TempDir,
    pub store: Store,
}

/// In memory where that can be had: the tests cut commits off between steps, not the power, and syncs take their time.
pub fn world() -> World {
    let memory = tempfile::tempdir_in("/dev/shm");
    let dir = memory.or_else(|_| tempfile::tempdir()).unwrap();
    let store = store_at(&dir.path().join("state"));
    World { dir, store }
}

pub fn store_at(root: &std::path::Path) -> Store {
    Store::open(&Home::unchecked(root), &place())
}

pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub fn lock(store: &Store) -> Locked<'_> {
    store.lock(soon(), &stamp(1)).unwrap()
}

/// The change that writes a record over what stands.
pub fn change(view: &View<'_>, mut record: Record, to: Shelf) -> Change {
    let before = match &record {
        Record::Session(it) => view.session(&it.id).record().map(|it| it.revision),
        Record::Run(it) => view.run(&it.id).record().map(|it| it.revision),
    };
    let revision = before.unwrap_or(0) + 1;
    match &mut record {
        Record::Session(it) => it.revision = revision,
        Record::Run(it) => it.revision = revision,
    }
    Change { before, to, record }
}

/// The snapshot that shows the records of some changes as they stand.
pub fn snapshot(view: &View<'_>, changes: &[Change]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for change in changes {
        let id = change.record.id().to_owned();
        match &change.record {
            Record::Session(it) => snapshot.neighbours.push(Named { id, reading: view.session(&it.id) }),
            Record::Run(it) => snapshot.runs.push(Named { id, reading: view.run(&it.id) }),
        }
    }
    snapshot
}

/// Writes records over what stands, in one commit.
pub fn put(locked: &mut Locked<'_>, records: Vec<(Record, Shelf)>) -> Result<Committed, CommitError> {
    let changes: Vec<Change> = records.into_iter().map(|(record, to)| change(&locked.view(), record, to)).collect();
    let snapshot = snapshot(&locked.view(), &changes);
    let at = stamp(5);
    let checked = Checked::by_person("test", &at, &snapshot, &changes).unwrap();
    locked.commit(&checked)
}

pub fn live_session(it: Session) -> (Record, Shelf) {
    (Record::Session(Box::new(it)), Shelf::Live)
}

pub fn live_run(it: Run) -> (Record, Shelf) {
    (Record::Run(Box::new(it)), Shelf::Live)
}

pub fn archived_run(mut it: Run, status: Status) -> (Record, Shelf) {
    it.status = status;
    (Record::Run(Box::new(it)), Shelf::Archive)
}

pub fn read_session(store: &Store, name: &str) -> Reading<Session> {
    let name: SessionId = id(name);
    store.read(|view| view.session(&name)).unwrap()
}

pub fn read_run(store: &Store, name: &str) -> Reading<Run> {
    let name = id(name);
    store.read(|view| view.run(&name)).unwrap()
}
