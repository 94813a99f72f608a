//! Who lives, of however many sessions, and by which evidence.
//!
//! One census is one look at the machine: every pid is looked at once at most, and the table of locks is read once. No program
//! is started, and what is judged is judged by the rule that the core decides by.

mod evidence;
mod once;
#[cfg(test)]
mod tests;

use agent_baton_core::process::Live;
use agent_baton_core::rules::alive;
use agent_baton_core::session::{Launch, Session};

pub use evidence::Evidence;

use crate::agents::Witness;
use crate::machine::environment::Environment;
use crate::machine::{Here, Machine};
use once::Once;

/// One look at the machine.
#[derive(Debug)]
pub struct Census<'a, M, E> {
    machine: Once<'a, M>,
    environment: &'a E,
    here: &'a Here,
}

impl<'a, M: Machine, E: Environment> Census<'a, M, E> {
    /// A census that has looked at nothing yet: what no question needs is not read.
    #[must_use]
    pub fn take(machine: &'a M, environment: &'a E, here: &'a Here) -> Self {
        Self { machine: Once::new(machine), environment, here }
    }

    /// Whether any launch of a session lives, and what shows it. One that lives settles it, one that is not known leaves it open.
    #[must_use]
    pub fn lives(&self, session: &Session) -> (Live, Evidence) {
        let weight = |live: &Live| match live {
            Live::No => 0,
            Live::Unknown => 1,
            Live::Yes => 2,
        };
        let launches = session.launches.iter().map(|launch| self.launch(session, launch));
        // Of equals the newest: it is what a person asks about.
        launches.max_by_key(|(live, _)| weight(live)).unwrap_or(match &session.over {
            Some(_) => (Live::No, Evidence::NeverSeen),
            None => (Live::Unknown, Evidence::NeverSeen),
        })
    }

    /// Whether one launch of a session lives, and what shows it.
    #[must_use]
    pub fn launch(&self, session: &Session, launch: &Launch) -> (Live, Evidence) {
        let probe = launch.ended.is_none().then(|| self.witness().probe(session, launch));
        let live = alive::seen(&self.here.place, probe.as_slice(), session, launch);
        (live, Evidence::of(live, &self.here.place, probe.as_ref(), launch))
    }

    fn witness(&self) -> Witness<'_, Once<'a, M>, E> {
        Witness::new(&self.machine, self.environment, self.here)
    }
}
