//! The script's steps about the fleet.
//!
//! `fleet r held` says what the fleet says about the owner of the run r: `here`, `here-lapsed`, `held`, `lapsed`, `ended`,
//! `handed-over` or `unreachable`. It makes r a run of the fleet. With `unnamed`, no request says anything about r.
//!
//! `refresh r A/P1 #2 done at=3 max=9 rev=4` brings the copy of r in line with a row. What is not given is as in the copy, or as in
//! a new run; without `rev`, the revision is the copy's next one. `loop` makes a new run a loop. `restored` says that the
//! fence grew without a transfer, because the database was restored.
//!
//! `release r left` takes the copy of r out of its fleet, because this machine `left` the fleet, or because another run has
//! `replaced` it after a restore.

use agent_baton_core::decision::Decision;
use agent_baton_core::fence::Fence;
use agent_baton_core::fleet::{FleetOwner, FleetRun, FleetStanding, ReleaseCause};
use agent_baton_core::loop_state::{Loop, LoopLimits};
use agent_baton_core::pane::Pane;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use agent_baton_core::run::{Owner, Run, Status, StopReason, Transfer};

use super::World;

/// The words for what a fleet says about an owner.
pub const STANDINGS: [(&str, FleetOwner); 7] = [
    ("here", FleetOwner::Here { lapsed: false }),
    ("here-lapsed", FleetOwner::Here { lapsed: true }),
    ("held", FleetOwner::Held),
    ("lapsed", FleetOwner::Lapsed),
    ("ended", FleetOwner::Ended),
    ("handed-over", FleetOwner::HandedOver),
    ("unreachable", FleetOwner::Unreachable),
];

const STATUSES: [Status; 7] = [
    Status::Active,
    Status::Waiting,
    Status::Paused,
    Status::Done,
    Status::Failed,
    Status::Cancelled,
    Status::Abandoned,
];

fn fleet_part(revision: u64) -> FleetRun {
    FleetRun { fleet: "f".parse().unwrap(), revision, machine: None, project: "p".into() }
}

impl World {
    pub(super) fn say_standing(&mut self, run: &str, word: &str) -> String {
        let standing = STANDINGS.iter().find(|(name, _)| *name == word);
        match standing {
            Some((_, owner)) => self.fleet.insert(run.to_owned(), *owner),
            None if word == "unnamed" => self.fleet.remove(run),
            None => panic!("no such standing: {word}"),
        };
        if let Some((run, _)) = self.runs.get_mut(run) {
            run.fleet.get_or_insert_with(|| fleet_part(1));
        }
        String::new()
    }

    pub(super) fn standings(&self) -> Vec<FleetStanding> {
        let standing =
            |(run, owner): (&String, &FleetOwner)| FleetStanding { run: run.parse().unwrap(), owner: *owner };
        self.fleet.iter().map(standing).collect()
    }

    pub(super) fn refresh(&mut self, run: &str, words: &[&str]) -> Decision {
        let row = self.row(run, words);
        self.take_row(row)
    }

    pub(super) fn release(&mut self, run: &str, cause: &str) -> Decision {
        let cause = match cause {
            "left" => ReleaseCause::FleetLeft,
            "replaced" => ReleaseCause::ReplacedAfterRestore,
            other => panic!("no such cause: {other}"),
        };
        self.command(Command::Release { run: run.parse().unwrap(), cause })
    }

    /// Brings the copy of a run in line with a row.
    pub fn take_row(&mut self, row: Run) -> Decision {
        self.command(Command::Refresh { run: Box::new(row), project: Some("/w".into()) })
    }

    /// Returns the row of a run, which has no pane, no path, no stated text and no counter of a loop.
    pub fn row(&mut self, id: &str, words: &[&str]) -> Run {
        let known = self.runs.get(id).map(|(run, _)| run.clone());
        let mut row = known.unwrap_or_else(|| self.new_row(id));
        let fence = row.fence;
        let mut owner = row.owner.clone();
        let mut revision = row.fleet.as_ref().map_or(0, |fleet| fleet.revision) + 1;
        let number = |text: &str| text.parse::<u32>().unwrap();
        for word in words {
            if let Some((session, actor)) = word.split_once('/') {
                owner.session = session.parse().ok();
                owner.process = self.actor(actor).process;
            } else if let Some(fence) = word.strip_prefix('#') {
                row.fence = Fence(fence.parse().unwrap());
            } else if let Some(at) = word.strip_prefix("at=") {
                row.iteration = number(at);
            } else if let Some(max) = word.strip_prefix("max=") {
                row.max_iterations = Some(number(max));
            } else if let Some(given) = word.strip_prefix("rev=") {
                revision = given.parse().unwrap();
            } else if *word == "loop" {
                let limits = LoopLimits { definition: format!("texts of {id}"), max_ms: None, patience: 0 };
                row.loop_state = Some(Loop::new(limits));
            } else if *word != "restored" {
                row.status = *STATUSES.iter().find(|status| status.name() == *word).unwrap();
                let ended = !row.status.is_unfinished();
                row.finished = ended.then(|| self.now(self.site));
                row.stop_reason = ended.then_some(StopReason::Rule(Reason::LoopDone));
            }
        }
        owner.pane = Pane::Unknown;
        if row.fence > fence && !words.contains(&"restored") {
            let mut from = row.owner.clone();
            from.pane = Pane::Unknown;
            let (at, reason) = (self.now(self.site), Reason::OwnerLapsed);
            row.history.push(Transfer { fence: row.fence, from, at, reason, progress: Some(row.progress()) });
        }
        row.owner = owner;
        row.revision = 0;
        (row.project, row.directory) = (None, None);
        row.loop_state = row.loop_state.map(|state| Loop::new(state.limits));
        row.fleet = Some(fleet_part(revision));
        row
    }

    fn new_row(&mut self, id: &str) -> Run {
        let process = self.actor("P9").process;
        let now = self.now(self.site);
        Run {
            id: id.parse().unwrap(),
            revision: 0,
            name: id.parse().unwrap(),
            status: Status::Active,
            phase: None,
            iteration: 0,
            max_iterations: None,
            owner: Owner { agent: None, session: "Z".parse().ok(), process, pane: Pane::Unknown, child: None },
            fence: Fence::FIRST,
            history: Vec::new(),
            project: None,
            directory: None,
            created: now.clone(),
            updated: now,
            finished: None,
            stop_reason: None,
            loop_state: None,
            fleet: None,
        }
    }

    /// Returns which iteration the new owner of a session's run took over, and which one the session had reached, if that was lost.
    pub fn dropped(&self, session: &str) -> Option<(u32, u32)> {
        let mut entries = self.sessions[session].0.outbox.iter().filter_map(|entry| entry.dropped.as_ref());
        entries.next().map(|dropped| (dropped.after, dropped.reached.iteration))
    }

    /// Returns what a session's outbox has for its user, by its reasons.
    pub(super) fn outbox(&self, session: &str) -> String {
        let entries = self.sessions[session].0.outbox.iter().filter(|entry| !entry.acknowledged);
        entries.map(|entry| entry.id.reason.word()).collect::<Vec<_>>().join(" ")
    }
}
