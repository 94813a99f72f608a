//! A Stop of a loop's owner, before the lock is taken.

use std::fs::File;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Tell;
use agent_baton_core::event::Event;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use agent_baton_core::session::Told;

use super::check;
use super::stop::{Looked, owned};
use super::texts::Texts;
use crate::agents::Ending;
use crate::config::Settings;
use crate::event::RawEvent;
use crate::machine::environment::Environment;
use crate::snapshot;
use crate::store::Store;

/// How much longer than the command the hook may take that runs it.
const MARGIN: Duration = Duration::from_secs(10);

/// A loop whose owner wants to stop.
#[derive(Debug)]
pub struct Driven {
    /// Its run, as it stood before the lock was taken.
    run: Run,
    /// None where its texts cannot be read.
    looked: Option<Looked>,
    /// Held until the Stop is committed, where a command is run: several deliveries of one Stop run it once.
    _turn: Option<File>,
}

impl Driven {
    /// Looks at what the core needs to decide on a Stop of a loop's owner, and adds it to the event; none of every other event.
    ///
    /// Where a command is run, `hold` is called with how long the hook may take from then on, and `is_twin` says whether another
    /// delivery of this Stop was committed while its command ran.
    pub fn find(
        store: &Store,
        settings: &Settings,
        environment: &impl Environment,
        raw: &RawEvent,
        event: &mut Event,
        (hold, is_twin): (impl Fn(Duration), impl Fn(&Event) -> bool),
    ) -> Option<Self> {
        let snapshot = store.read(|view| snapshot::of_heartbeat(view, event)).ok()?;
        let run = owned(&snapshot, event)?.clone();
        let Some(bytes) = store.loop_texts(&run.id).ok().flatten() else {
            return Some(Self { run, looked: None, _turn: None });
        };
        let mut turn = None;
        if Texts::of_bytes(&bytes).is_some_and(|texts| texts.done_when.is_some()) {
            let lock = |deadline| store.loop_lock(&run.id, deadline);
            let Ok(taken) = take_turn(&hold, lock) else {
                return Some(Self { run, looked: None, _turn: None });
            };
            if is_twin(event) {
                return None;
            }
            turn = Some(taken);
        }
        let agent: Agent = event.agent;
        let ending = Ending::of(raw.text());
        let found = Looked::look(&run.id, &bytes, &ending, agent, environment, || settings.account_home());
        let (looked, facts) = found.unzip();
        event.stop = facts;
        Some(Self { run, looked, _turn: turn })
    }

    /// The prompt of the iteration that a telling is of.
    #[must_use]
    pub fn next_prompt(&self, tell: &Tell) -> Option<String> {
        match (tell, &self.looked) {
            (Tell::Loop { told, iteration, of }, Some(looked)) if told.reason == Reason::Iterated => {
                Some(looked.next_prompt(&told.run, *iteration, *of))
            }
            _ => None,
        }
    }

    /// What the person is told where the Stop did not get the lock.
    #[must_use]
    pub fn missed(&self) -> Tell {
        let told = Told { run: self.run.id.clone(), fence: self.run.fence, reason: Reason::StopMissed };
        Tell::Loop { told, iteration: self.run.iteration, of: self.run.max_iterations }
    }

    /// The run, for its name.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }
}

/// Waits until no other delivery runs the command: that wait takes nothing of the time that the command has.
fn take_turn<T, E>(hold: impl Fn(Duration), lock: impl FnOnce(Instant) -> Result<T, E>) -> Result<T, E> {
    hold(check::LIMIT + MARGIN);
    let taken = lock(Instant::now() + check::LIMIT)?;
    hold(check::LIMIT + MARGIN);
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_command_has_its_whole_time_however_long_its_turn_was_waited_for() {
        let calls = RefCell::new(Vec::new());
        let hold = |time: Duration| calls.borrow_mut().push(time.as_secs());
        let taken = take_turn(hold, |_| {
            calls.borrow_mut().push(0);
            Ok::<_, ()>(())
        });
        assert_eq!((taken, calls.into_inner()), (Ok(()), vec![310, 0, 310]));
    }
}
