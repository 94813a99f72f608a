//! What this machine knows about the other machines of its fleet. Its witness reads it from the database; here, only files
//! are read. What another machine owns is never judged by the processes of this one.

use std::collections::HashMap;

use agent_baton_core::id::{MachineId, RunId, SessionId};
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_display::strip_control_chars;
use baton_fleet_client::{CachedRows, MAX_CACHED_ROWS, Membership, OwnerWord, WordStanding};
use baton_fleet_protocol::{HandoffSummary, Row};
use baton_store::Store;

use crate::machine::MachineView;
use crate::remote_run::{OwnerStanding, RemoteRun};

/// How many characters of an id distinguish two machines of one name.
const ID_CHARS: usize = 8;

/// The length of a second and of a minute, in milliseconds.
const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;

/// The other machines of the fleet, as this machine saw them last.
pub struct OtherMachines {
    membership: Option<Membership>,
    cached: Option<CachedRows>,
    machines: Vec<MachineView>,
    by_id: HashMap<MachineId, usize>,
    now: Timestamp,
}

/// A session that was handed over and that this machine may pick up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingHandoff {
    /// The session.
    pub session: SessionId,
    /// The name of the machine that handed it over.
    pub machine: String,
    /// The identity of its project, without control characters.
    pub project: Option<String>,
    /// When it was handed over, to the minute.
    pub since: Timestamp,
}

impl OtherMachines {
    /// Reads what the state knows. Files that are missing or cannot be used say nothing.
    #[must_use]
    pub fn read(store: &Store, now: Timestamp) -> Self {
        let membership = Membership::read(store).ok().flatten();
        let cached = CachedRows::read(store);
        let here = membership.as_ref().map(|membership| &membership.machine);
        let machines = cached.as_ref().map_or_else(Vec::new, |cached| machine_views(cached, here));
        let by_id = machines.iter().enumerate().map(|(at, machine)| (machine.id.clone(), at)).collect();
        Self { membership, cached, machines, by_id, now }
    }

    /// Returns whether this machine belongs to a fleet.
    #[must_use]
    pub const fn is_member(&self) -> bool {
        self.membership.is_some()
    }

    /// Returns the machines, this one included.
    #[must_use]
    pub fn machines(&self) -> &[MachineView] {
        &self.machines
    }

    /// Says that the fleet has more unfinished runs than this machine reads, if it has.
    #[must_use]
    pub fn more_than_read(&self) -> Option<String> {
        self.cached.as_ref().filter(|cached| cached.is_cut).map(|_| {
            format!(
                "the fleet has more than {MAX_CACHED_ROWS} unfinished runs, which is as many as this machine reads: of the runs of \
                 other machines, only the newest are shown"
            )
        })
    }

    /// Returns a run whose owner is on another machine, from its copy here. Returns `None` if this machine can judge its owner.
    #[must_use]
    pub fn of_copy(&self, run: &Run) -> Option<RemoteRun> {
        let fleet = run.fleet.as_ref()?;
        match OwnerWord::of_copy(run, self.here(), self.cached.as_ref(), &self.now) {
            Some(word) => Some(self.remote(run.clone(), &word.machine, word.standing)),
            None if fleet.machine.is_none() => {
                Some(RemoteRun { run: run.clone(), machine: None, standing: OwnerStanding::HandedOver })
            }
            None => None,
        }
    }

    /// Returns the unfinished runs of other machines, from their rows. `revision` returns the revision of the newest local
    /// record of a run: a row that is not newer is left out.
    pub fn of_rows<'a>(
        &'a self,
        revision: impl Fn(&RunId) -> Option<u64> + 'a,
    ) -> impl Iterator<Item = RemoteRun> + 'a {
        let cached = self.cached.iter();
        let rows = cached.flat_map(|cached| cached.rows.iter().map(|row| (row, cached.read.age_ms(&self.now))));
        rows.filter_map(move |(row, age_ms)| {
            let word = self.word_of(row, age_ms)?;
            let known = revision(&row.run.id);
            let is_newer = known.is_none_or(|known| row.run.fleet.as_ref().is_some_and(|it| it.revision > known));
            is_newer.then(|| self.remote(cleaned(&row.run), &word.machine, word.standing))
        })
    }

    /// Returns the sessions that wait until this machine picks them up, the oldest first.
    #[must_use]
    pub fn handoffs(&self) -> Vec<WaitingHandoff> {
        let (Some(here), Some(cached)) = (self.here(), &self.cached) else { return Vec::new() };
        let is_for_here = |it: &&HandoffSummary| match &it.to {
            Some(to) => to == here,
            None => it.from != *here,
        };
        let waiting = cached.handoffs.iter().filter(|it| it.picked_up.is_none()).filter(is_for_here);
        let mut waiting: Vec<WaitingHandoff> = waiting
            .map(|it| WaitingHandoff {
                session: it.session.clone(),
                machine: self.machine_name(&it.from),
                project: it.project.as_deref().map(strip_control_chars),
                since: instant(cached.read.unix_ms.saturating_sub(it.age_ms), MINUTE_MS),
            })
            .collect();
        waiting.sort_by_key(|it| it.since.unix_ms);
        waiting
    }

    fn here(&self) -> Option<&MachineId> {
        self.membership.as_ref().map(|membership| &membership.machine)
    }

    /// Returns what a row that was read so long ago says about its owner, if that is on another machine.
    fn word_of(&self, row: &Row, age_ms: u64) -> Option<OwnerWord> {
        // The names and ages of the machines are known here already.
        let mut word = OwnerWord::of_row(row, &[], self.here()?)?;
        if let WordStanding::Held { left_ms } = word.standing
            && left_ms <= age_ms
        {
            word.standing = WordStanding::Lapsed;
        }
        Some(word)
    }

    fn remote(&self, run: Run, machine: &MachineId, word: WordStanding) -> RemoteRun {
        let is_silent = self.machine(machine).is_none_or(|machine| machine.is_silent(&self.now));
        let standing = match word {
            WordStanding::Held { .. } if is_silent => OwnerStanding::Silent,
            WordStanding::Held { .. } => OwnerStanding::Held,
            WordStanding::Lapsed => OwnerStanding::Lapsed,
            WordStanding::Ended => OwnerStanding::Ended,
            WordStanding::HandedOver | WordStanding::PickedUp => OwnerStanding::HandedOver,
            WordStanding::Unknown => OwnerStanding::Unknown,
        };
        RemoteRun { run, machine: Some(self.machine_name(machine)), standing }
    }

    fn machine(&self, id: &MachineId) -> Option<&MachineView> {
        self.by_id.get(id).and_then(|at| self.machines.get(*at))
    }

    /// Returns the name of a machine, or its id if it has left the fleet.
    fn machine_name(&self, id: &MachineId) -> String {
        self.machine(id).map_or_else(|| id.to_string(), |machine| machine.name.clone())
    }
}

/// Returns the views of the machines, each with a name of its own.
fn machine_views(cached: &CachedRows, here: Option<&MachineId>) -> Vec<MachineView> {
    let names: Vec<String> = cached.machines.iter().map(|machine| strip_control_chars(&machine.name)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    names.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let views = cached.machines.iter().zip(&names).map(|(machine, name)| {
        let is_alone = counts.get(name.as_str()) == Some(&1);
        let id = machine.id.as_str();
        MachineView {
            name: if is_alone { name.clone() } else { format!("{name} ({})", id.get(..ID_CHARS).unwrap_or(id)) },
            id: machine.id.clone(),
            is_here: here == Some(&machine.id),
            heard: instant(cached.read.unix_ms.saturating_sub(machine.seen_ms), SECOND_MS),
        }
    });
    views.collect()
}

/// Returns a run of a row with texts that cannot control a terminal.
fn cleaned(run: &Run) -> Run {
    let mut run = run.clone();
    run.phase = run.phase.as_deref().map(strip_control_chars);
    if let Some(fleet) = &mut run.fleet {
        fleet.project = strip_control_chars(&fleet.project);
    }
    run
}

/// Returns a time without what differs each time that it is computed from an age.
fn instant(unix_ms: u64, step_ms: u64) -> Timestamp {
    Timestamp { unix_ms: unix_ms / step_ms * step_ms, boot: String::new(), boot_ms: 0 }
}
