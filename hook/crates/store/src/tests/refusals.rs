//! Decisions that the host refuses.

use agent_baton_core::decision::{Change, Decision, Location, Record};
use agent_baton_core::event::EventName;
use agent_baton_core::fence::Fence;
use agent_baton_core::fleet::FleetRun;
use agent_baton_core::loop_state::{Loop, LoopLimits};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Command, Input, Named, PROTOCOL, Reading, Request, Snapshot};
use agent_baton_core::run::Status;

use crate::fixtures::*;
use crate::{InvalidDecision, ValidatedDecision};

/// Returns a request with an event of session `s`, which owns `r`. `n` is a neighbour, `gone` is cancelled, and `bad`
/// cannot be read.
fn request() -> Request {
    let named = |id: &str, reading| Named { id: id.to_owned(), reading };
    let mut cancelled = run("gone", "s", 1);
    cancelled.status = Status::Cancelled;
    Request {
        protocol: PROTOCOL,
        now: stamp(9),
        place: place(),
        locked: true,
        input: Input::Event(Box::new(event(EventName::SessionStart, "s", "d"))),
        snapshot: Snapshot {
            session: Reading::Live(session("s", 1)),
            runs: vec![
                named("r", Reading::Live(run("r", "s", 1))),
                named("gone", Reading::Archived(cancelled)),
                named("bad", Reading::Unreadable),
                named("none", Reading::Absent),
            ],
            neighbours: vec![Named { id: "n".into(), reading: Reading::Live(session("n", 2)) }],
            ..Snapshot::default()
        },
    }
}

fn session_keys(name: &str, with: impl Fn(&mut agent_baton_core::session::Session)) -> Change {
    let mut it = session(name, 1);
    it.revision = 2;
    with(&mut it);
    Change { before: Some(1), to: Location::Live, record: Record::Session(Box::new(it)) }
}

fn of_run(name: &str, to: Location, with: impl Fn(&mut agent_baton_core::run::Run)) -> Change {
    let mut it = run(name, "s", 1);
    it.revision = 2;
    with(&mut it);
    Change { before: Some(1), to, record: Record::Run(Box::new(it)) }
}

fn new(mut change: Change) -> Change {
    change.before = None;
    match &mut change.record {
        Record::Session(it) => it.revision = 1,
        Record::Run(it) => it.revision = 1,
    }
    change
}

fn check(name: &str, request: &Request, changes: Vec<Change>, expected: Option<InvalidDecision>) {
    let mut decision = Decision::nothing(Reason::Launched);
    decision.changes = changes;
    assert_eq!(ValidatedDecision::new(request, &decision).err(), expected, "{name}");
}

#[test]
fn what_a_decision_may_not_change() {
    use Location::{Archive, Live};
    let request = request();
    let no = |_: &mut _| {};
    let r = || "r".to_owned();
    let same = |change: Change| vec![change.clone(), change];
    let check = |name, changes, expected| check(name, &request, changes, expected);

    check("its session", vec![session_keys("s", |_| {})], None);
    check("a neighbour", vec![session_keys("n", |_| {})], None);
    check("its run", vec![of_run("r", Live, no)], None);
    check("a session not shown", vec![session_keys("x", |_| {})], Some(InvalidDecision::NotInSnapshot("x".into())));
    check(
        "a new session not named",
        vec![new(session_keys("x", |_| {}))],
        Some(InvalidDecision::NotInSnapshot("x".into())),
    );
    check("a run not shown", vec![of_run("x", Live, no)], Some(InvalidDecision::NotInSnapshot("x".into())));
    check(
        "a run made by an event",
        vec![new(of_run("none", Live, no))],
        Some(InvalidDecision::NotInSnapshot("none".into())),
    );
    check("unreadable", vec![of_run("bad", Live, no)], Some(InvalidDecision::Unreadable("bad".into())));
    check("cancelled", vec![of_run("gone", Live, no)], Some(InvalidDecision::Tombstone("gone".into())));
    check("twice", same(session_keys("s", |_| {})), Some(InvalidDecision::Twice("s".into())));
    check("stale", vec![of_run("r", Live, |it| it.revision = 3)], Some(InvalidDecision::Revision(r())));
    check("as if new", vec![new(of_run("r", Live, no))], Some(InvalidDecision::Revision(r())));
    check(
        "other agent",
        vec![session_keys("s", |it| it.agent = agent_baton_core::agent::Agent::Codex)],
        Some(InvalidDecision::Identity("s".into())),
    );
    check("other birth", vec![of_run("r", Live, |it| it.created = stamp(2))], Some(InvalidDecision::Identity(r())));
    check("fence shrinks", vec![of_run("r", Live, |it| it.fence = Fence(0))], Some(InvalidDecision::Fence(r())));
    check(
        "given without a number",
        vec![of_run("r", Live, |it| it.owner.process = process(2))],
        Some(InvalidDecision::Fence(r())),
    );
    check(
        "over but live",
        vec![of_run("r", Live, |it| it.status = Status::Done)],
        Some(InvalidDecision::Location(r())),
    );
    check("live but archived", vec![of_run("r", Archive, no)], Some(InvalidDecision::Location(r())));
    check("phase", vec![of_run("r", Live, |it| it.phase = Some("x".repeat(201)))], Some(InvalidDecision::TooLong(r())));
    check(
        "launches",
        vec![session_keys("s", |it| it.launches = vec![launch(1); 129])],
        Some(InvalidDecision::TooLong("s".into())),
    );
    let many: Vec<Change> = (0..17).map(|n| session_keys(&format!("x{n}"), |_| {})).collect();
    check("many", many, Some(InvalidDecision::TooMany(17)));
}

#[test]
fn what_a_request_may_make() {
    let mut first = request();
    first.snapshot.session = Reading::Absent;
    check("a session", &first, vec![new(session_keys("s", |_| {}))], None);
    let archived = Change { to: Location::Archive, ..new(session_keys("s", |_| {})) };
    check("in the archive", &first, vec![archived], Some(InvalidDecision::Location("s".into())));
    check("another's", &first, vec![new(session_keys("x", |_| {}))], Some(InvalidDecision::NotInSnapshot("x".into())));
    first.snapshot.session = Reading::Unreadable;
    check(
        "over what cannot be read",
        &first,
        vec![new(session_keys("s", |_| {}))],
        Some(InvalidDecision::Unreadable("s".into())),
    );
    first.snapshot.session = Reading::Deleted;
    check(
        "over what a user deleted",
        &first,
        vec![new(session_keys("s", |_| {}))],
        Some(InvalidDecision::Tombstone("s".into())),
    );

    let mut start = request();
    start.input = Input::Command(Box::new(Command::Start {
        run: id("mine"),
        name: "a run".to_owned().try_into().unwrap(),
        phase: None,
        max_iterations: None,
        session: id("s"),
        process: process(1),
        loop_state: None,
        fleet: None,
    }));
    let mine = |name| vec![new(of_run(name, Location::Live, |_| {}))];
    check("a run", &start, mine("mine"), None);
    check("another run", &start, mine("none"), Some(InvalidDecision::NotInSnapshot("none".into())));
}

/// Returns a run of the fleet, at a revision of its row, as a loop with this limit and iteration.
fn of_fleet(name: &str, revision: u64, max: u32, iteration: u32) -> agent_baton_core::run::Run {
    let mut it = run(name, "s", 1);
    it.fleet = Some(FleetRun { fleet: id("f"), revision, machine: None, project: "p".into() });
    it.loop_state = Some(Loop::new(LoopLimits { definition: "d".into(), max_ms: None, patience: 0 }));
    (it.max_iterations, it.iteration) = (Some(max), iteration);
    it
}

#[test]
fn what_a_refresh_may_change() {
    use Location::{Archive, Live};
    let refresh = |row: agent_baton_core::run::Run| {
        let mut refresh = request();
        let named = |id: &str, reading| Named { id: id.to_owned(), reading };
        refresh.snapshot.runs.push(named("copy", Reading::Live(of_fleet("copy", 3, 5, 1))));
        refresh.input = Input::Command(Box::new(Command::Refresh { run: Box::new(row), project: None }));
        refresh
    };
    let writes = |to, mut it: agent_baton_core::run::Run| {
        it.revision = 2;
        vec![Change { before: Some(1), to, record: Record::Run(Box::new(it)) }]
    };
    let newer = || of_fleet("copy", 4, 9, 7);
    check("a newer row's count", &refresh(newer()), writes(Live, newer()), None);
    check(
        "the same row's count",
        &refresh(of_fleet("copy", 3, 9, 7)),
        writes(Live, of_fleet("copy", 3, 9, 7)),
        Some(InvalidDecision::Loop("copy".into())),
    );
    check(
        "a count with another revision than the row's",
        &refresh(of_fleet("copy", 5, 9, 7)),
        writes(Live, newer()),
        Some(InvalidDecision::Loop("copy".into())),
    );
    let mut other = refresh(newer());
    other.input = Input::Command(Box::new(Command::Pause { run: id("copy"), why: None }));
    check("a count by another command", &other, writes(Live, newer()), Some(InvalidDecision::Loop("copy".into())));
    let mut lower = newer();
    lower.fence = Fence(0);
    check("fence shrinks", &refresh(newer()), writes(Live, lower), Some(InvalidDecision::Fence("copy".into())));
    let mut given = newer();
    given.owner.process = process(2);
    check(
        "given without a number",
        &refresh(newer()),
        writes(Live, given),
        Some(InvalidDecision::Fence("copy".into())),
    );

    let row = of_fleet("mine", 1, 5, 0);
    let mut ended = row.clone();
    ended.status = Status::Done;
    let made = |to, it: &agent_baton_core::run::Run| {
        vec![Change { before: None, to, record: Record::Run(Box::new(it.clone())) }]
    };
    check("a copy", &refresh(row.clone()), made(Live, &row), None);
    check("a copy of what has ended", &refresh(ended.clone()), made(Archive, &ended), None);
    check(
        "a copy of another run",
        &refresh(row),
        made(Live, &of_fleet("none", 1, 5, 0)),
        Some(InvalidDecision::NotInSnapshot("none".into())),
    );
}

#[test]
fn without_the_lock_or_in_another_protocol_nothing_changes() {
    let mut request = request();
    let changes = || vec![session_keys("s", |_| {})];
    request.locked = false;
    check("unlocked", &request, changes(), Some(InvalidDecision::NotLocked));
    check("unlocked, nothing changes", &request, vec![], None);
    request.locked = true;
    request.protocol = 7;
    check("request", &request, changes(), Some(InvalidDecision::Protocol(7)));
    request.protocol = PROTOCOL;
    let mut decision = Decision::nothing(Reason::Launched);
    decision.protocol = 7;
    assert_eq!(ValidatedDecision::new(&request, &decision).err(), Some(InvalidDecision::Protocol(7)));
}
