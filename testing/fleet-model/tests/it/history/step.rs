//! The steps of a history. They are data, so that a failing history can be printed and shortened.

use baton_fleet_model::server::Fault;
use fastrand::Rng;

use super::world::{AGENTS, MACHINES, SESSIONS};

/// One step: what happens on a machine, and what disturbs it.
#[derive(Debug, Clone)]
pub struct Step {
    pub machine: usize,
    pub action: Action,
    /// `baton` is killed at this point of its protocol.
    pub kill: Option<u8>,
    /// These calls to the database meet a fault: the first one, and how many.
    pub fault: Option<(u8, u8, Fault)>,
    /// At this point, another machine takes a step.
    pub between: Option<(u8, Box<Step>)>,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An agent opens a session, which it resumes if it is known anywhere.
    Open {
        agent: usize,
        session: usize,
        headless: bool,
    },
    /// A user, or the client, sends a prompt.
    Prompt {
        agent: usize,
        by_user: bool,
    },
    /// The agent's turn ends. The loop's work is done or not.
    Stop {
        agent: usize,
        done: bool,
    },
    /// The agent's session ends.
    End {
        agent: usize,
    },
    /// The agent is killed.
    Die {
        agent: usize,
    },
    /// `baton run start --fleet`.
    Start {
        agent: usize,
        is_loop: bool,
    },
    /// `baton run update`.
    Update {
        agent: usize,
    },
    /// `baton run verify`.
    Verify {
        agent: usize,
    },
    /// `baton run finish`.
    Finish {
        agent: usize,
    },
    /// `baton run cancel`, for the run of a session.
    Cancel {
        session: usize,
    },
    /// `baton run pause` and `continue`.
    Pause {
        session: usize,
        on: bool,
    },
    /// `baton run adopt`.
    Adopt {
        agent: usize,
        session: usize,
        take: bool,
    },
    /// `baton fleet witness`.
    Witness,
    /// `baton handoff`.
    HandOff {
        session: usize,
        to: Option<usize>,
    },
    /// `baton pickup`.
    PickUp {
        session: usize,
    },
    /// `baton handoff --cancel`.
    CancelHandoff {
        session: usize,
    },
    /// Time passes, in seconds.
    Wait {
        seconds: u64,
    },
    /// The machine restarts.
    Reboot,
    /// The machine cannot reach the database, or can again.
    Cut {
        off: bool,
    },
    /// The virtual machine is paused, in seconds.
    Stall {
        seconds: u64,
    },
    /// The state directory of another machine replaces this one's.
    Copy {
        from: usize,
        what: Copied,
    },
    /// The state directory is saved, or comes back.
    SaveState,
    RestoreState,
    /// The workspace is rebuilt around its state directory.
    Rebuild,
    /// The database is saved, or comes back.
    BackUp,
    RestoreDatabase,
    /// The standby catches up.
    Replicate,
    /// Requests arrive that were on their way.
    Deliver,
}

/// What kinds of disaster a history has. Most have none, so that what they lose is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disasters {
    None,
    /// The database comes back from a backup.
    Database,
    /// State directories and virtual machines are copied, restored, rebuilt and paused.
    Machines,
    All,
}

/// What is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The state directory.
    Directory,
    /// The disk, with the id of the machine.
    Disk,
    /// The virtual machine, with its processes.
    Running,
}

/// Returns a random history.
pub fn script(seed: u64) -> Vec<Step> {
    let mut rng = Rng::with_seed(seed);
    let mut steps = vec![opens(), starts(&mut rng)];
    let disasters = match rng.u32(..10) {
        0 => Disasters::All,
        1 | 2 => Disasters::Machines,
        3 | 4 => Disasters::Database,
        _ => Disasters::None,
    };
    let length = rng.usize(4..14);
    steps.extend((0..length).map(|_| step(&mut rng, disasters, true)));
    if disasters == Disasters::Database {
        let (saved, restored) = (rng.usize(2..steps.len()), rng.usize(2..=steps.len()));
        let plain = |action| Step { action, ..opens() };
        steps.insert(saved.max(restored), plain(Action::RestoreDatabase));
        steps.insert(saved.min(restored), plain(Action::BackUp));
    }
    steps
}

fn opens() -> Step {
    let action = Action::Open { agent: 0, session: 0, headless: false };
    Step { machine: 0, action, kill: None, fault: None, between: None }
}

fn starts(rng: &mut Rng) -> Step {
    Step { action: Action::Start { agent: 0, is_loop: rng.bool() }, ..opens() }
}

fn step(rng: &mut Rng, disasters: Disasters, outer: bool) -> Step {
    let point = |rng: &mut Rng| rng.u8(..8);
    let faults = [Fault::NotReached, Fault::AnswerLost, Fault::Delayed, Fault::Standby];
    let kill = (rng.u32(..8) == 0).then(|| point(rng));
    let fault = (rng.u32(..5) == 0).then(|| (rng.u8(..7), rng.u8(1..3), faults[rng.usize(..faults.len())]));
    let between = (outer && rng.u32(..6) == 0).then(|| (point(rng), Box::new(step(rng, disasters, false))));
    let action = if !outer && rng.bool() { Action::Witness } else { action(rng, disasters) };
    Step { machine: rng.usize(..MACHINES), action, kill, fault, between }
}

fn action(rng: &mut Rng, disasters: Disasters) -> Action {
    let agent = rng.usize(..AGENTS);
    let session = if rng.u32(..4) == 0 { rng.usize(..SESSIONS) } else { 0 };
    let seconds = [1, 61, 200, 400][rng.usize(..4)];
    let kinds = match disasters {
        Disasters::None | Disasters::Database => 40,
        Disasters::Machines => 47,
        Disasters::All => 50,
    };
    match rng.u32(..kinds) {
        0..=5 => Action::Open { agent, session, headless: rng.u32(..6) == 0 },
        6..=9 => Action::Prompt { agent, by_user: rng.u32(..4) > 0 },
        10..=13 => Action::Stop { agent, done: rng.u32(..6) == 0 },
        14 => Action::End { agent },
        15 => Action::Die { agent },
        16 | 17 => Action::Start { agent, is_loop: rng.bool() },
        18 | 19 => Action::Update { agent },
        20 => Action::Verify { agent },
        21 if rng.bool() => Action::Finish { agent },
        21 => Action::Cancel { session },
        22 => Action::Pause { session, on: rng.bool() },
        23 | 24 => Action::Adopt { agent, session, take: rng.bool() },
        25..=28 => Action::Witness,
        29 => Action::HandOff { session, to: rng.bool().then(|| rng.usize(..MACHINES)) },
        30 => Action::PickUp { session },
        31 => Action::CancelHandoff { session },
        32..=34 => Action::Wait { seconds },
        35 => Action::Reboot,
        36 | 37 => Action::Cut { off: rng.bool() },
        38 => Action::Replicate,
        39 => Action::Deliver,
        40 => Action::Stall { seconds },
        41 => Action::Copy {
            from: rng.usize(..MACHINES),
            what: [Copied::Directory, Copied::Directory, Copied::Disk, Copied::Running][rng.usize(..4)],
        },
        42 => Action::SaveState,
        43 => Action::RestoreState,
        44 => Action::Rebuild,
        45 | 46 => Action::Stall { seconds },
        47 | 48 => Action::BackUp,
        _ => Action::RestoreDatabase,
    }
}
