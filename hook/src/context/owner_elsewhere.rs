//! The owners of fleet runs on other machines, as this machine saw them last.

use std::cell::OnceCell;

use agent_baton_core::id::MachineId;
use agent_baton_core::run::Run;
use baton_display::{format_ago, strip_control_chars};
use baton_fleet_client::{CachedRows, Membership, OwnerWord, WordStanding};

use super::Context;

/// The owners of fleet runs, for lists. It reads no file before it is asked about a fleet run.
pub struct FleetOwners<'a> {
    context: &'a Context,
    known: OnceCell<Known>,
}

/// What the files of this machine say about the fleet.
struct Known {
    membership: Option<Membership>,
    cached: Option<CachedRows>,
}

impl<'a> FleetOwners<'a> {
    /// Returns the owners that the state of a context knows.
    #[must_use]
    pub const fn new(context: &'a Context) -> Self {
        Self { context, known: OnceCell::new() }
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| Known {
            membership: Membership::read(self.context.store()).ok().flatten(),
            cached: CachedRows::read(self.context.store()),
        })
    }

    fn word(&self, run: &Run) -> Option<OwnerWord> {
        run.fleet.as_ref()?;
        let Known { membership, cached } = self.known();
        let here: Option<&MachineId> = membership.as_ref().map(|membership| &membership.machine);
        OwnerWord::of_copy(run, here, cached.as_ref(), &self.context.now())
    }

    /// Returns whether the owner of a run is on another machine.
    #[must_use]
    pub fn is_elsewhere(&self, run: &Run) -> bool {
        self.word(run).is_some()
    }

    /// Returns the name of the machine of a run's owner, for a column. It is empty if the run belongs to no fleet.
    #[must_use]
    pub fn machine_label(&self, run: &Run) -> String {
        match (&run.fleet, self.word(run)) {
            (None, _) => String::new(),
            (Some(fleet), _) if fleet.machine.is_none() => "handed over".to_owned(),
            (Some(_), Some(word)) => strip_control_chars(&word.name),
            (Some(_), None) => {
                self.known().membership.as_ref().map_or_else(String::new, |own| strip_control_chars(&own.name))
            }
        }
    }

    /// Says where a run is that was handed over, or returns `None` for any other run, or if nothing says more.
    #[must_use]
    pub fn describe_handoff(&self, run: &Run) -> Option<String> {
        describe_handoff(&self.word(run)?)
    }

    /// Describes the machine of a run's owner for a user, or returns `None` if the run belongs to no fleet.
    #[must_use]
    pub fn describe(&self, run: &Run) -> Option<String> {
        let fleet = run.fleet.as_ref()?;
        Some(match (self.word(run), &fleet.machine) {
            (Some(word), _) => {
                describe_handoff(&word).map_or_else(|| describe_machine(&word), |it| format!("none: {it}"))
            }
            (None, Some(machine)) => format!("{} ({machine}), this machine", self.machine_label(run)),
            (None, None) => "none: the run was handed over, and no machine goes on with it yet".to_owned(),
        })
    }
}

/// Describes the owner of a run on another machine.
#[must_use]
pub fn describe_owner_elsewhere(run: &Run, word: &OwnerWord) -> String {
    describe_handoff(word).unwrap_or_else(|| {
        let machine = describe_machine(word);
        match run.owner.agent {
            Some(agent) => format!("its owner is {agent} on {machine}"),
            None => format!("it belongs to a command on {machine}"),
        }
    })
}

/// Describes the owner before, from which a user takes a run.
#[must_use]
pub fn describe_former_owner(run: &Run, word: &OwnerWord) -> String {
    describe_handoff(word).unwrap_or_else(|| {
        let machine = describe_machine(word);
        match run.owner.agent {
            Some(agent) => format!("the owner before is {agent} on {machine}"),
            None => format!("the owner before is a command on {machine}"),
        }
    })
}

/// Says where a run is that was handed over, or returns `None` for any other run.
fn describe_handoff(word: &OwnerWord) -> Option<String> {
    let machine = describe_machine(word);
    match word.standing {
        WordStanding::HandedOver => Some(format!("it was handed over by {machine}, and nobody has picked it up")),
        WordStanding::PickedUp if word.is_here => {
            Some("its session was picked up on this machine, and nobody has resumed it yet".to_owned())
        }
        WordStanding::PickedUp => {
            Some(format!("its session was picked up by {machine}, and nobody has resumed it yet"))
        }
        WordStanding::Held { .. } | WordStanding::Lapsed | WordStanding::Ended | WordStanding::Unknown => None,
    }
}

fn describe_machine(word: &OwnerWord) -> String {
    let seen = word.seen_ms.map_or_else(String::new, |ms| format!(", whose last word came {}", format_ago(ms)));
    let standing = match word.standing {
        WordStanding::Held { left_ms } => {
            format!("; its lease ends in {}, and until then it goes on even if it is cut off", format_span(left_ms))
        }
        WordStanding::Lapsed => "; its lease has ended, and it may still be alive".to_owned(),
        WordStanding::Ended => "; that machine says that it has ended".to_owned(),
        WordStanding::HandedOver | WordStanding::PickedUp | WordStanding::Unknown => String::new(),
    };
    format!("the machine {} ({}){seen}{standing}", strip_control_chars(&word.name), word.machine)
}

/// Returns a short time that is still to come.
fn format_span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}
