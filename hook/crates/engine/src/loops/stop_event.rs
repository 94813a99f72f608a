//! A Stop of a loop's owner, before the lock is taken.

use std::fs::File;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Notification;
use agent_baton_core::event::Event;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use agent_baton_core::session::NotificationId;

use super::definition::LoopDefinition;
use super::done_when;
use super::facts::{StopEvaluation, owned_loop};
use crate::config::Settings;
use crate::snapshot;
use baton_agents::StopDetails;
use baton_agents::raw_event::RawEvent;
use baton_store::Store;
use baton_system::environment::Environment;

/// How much longer than the command the hook may take that runs it.
const MARGIN: Duration = Duration::from_secs(10);

/// A loop whose owner wants to stop.
#[derive(Debug)]
pub struct LoopStop {
    /// Its run, as it stood before the lock was taken.
    run: Run,
    /// None where its texts cannot be read.
    evaluation: Option<StopEvaluation>,
    /// Held until the Stop is committed, where a command is run: several deliveries of one Stop run it once.
    _lock: Option<File>,
}

impl LoopStop {
    /// Looks at what the core needs to decide on a Stop of a loop's owner, and adds it to the event; none of every other event.
    ///
    /// Where a command is run, `hold` is called with how long the hook may take from then on, and `is_twin` says whether another
    /// delivery of this Stop was committed while its command ran.
    pub fn evaluate(
        store: &Store,
        settings: &Settings,
        environment: &dyn Environment,
        raw: &RawEvent,
        event: &mut Event,
        (extend_alarm, was_already_handled): (impl Fn(Duration), impl Fn(&Event) -> bool),
    ) -> Option<Self> {
        let snapshot = store.read(|view| snapshot::for_heartbeat(view, event)).ok()?;
        let run = owned_loop(&snapshot, event)?.clone();
        let Some(bytes) = store.read_loop_definition(&run.id).ok().flatten() else {
            return Some(Self { run, evaluation: None, _lock: None });
        };
        let mut held = None;
        if LoopDefinition::from_bytes(&bytes).is_some_and(|definition| definition.done_when.is_some()) {
            let lock = |deadline| store.lock_loop(&run.id, deadline);
            let Ok(taken) = lock_done_when(&extend_alarm, lock) else {
                return Some(Self { run, evaluation: None, _lock: None });
            };
            if was_already_handled(event) {
                return None;
            }
            held = Some(taken);
        }
        let agent: Agent = event.agent;
        let ending = StopDetails::parse(raw.text());
        let found = StopEvaluation::new(&run.id, &bytes, &ending, agent, environment, || settings.account_home());
        let (evaluation, facts) = found.unzip();
        event.stop = facts;
        Some(Self { run, evaluation, _lock: held })
    }

    /// The prompt of the iteration that a telling is of.
    #[must_use]
    pub fn next_prompt(&self, tell: &Notification) -> Option<String> {
        match (tell, &self.evaluation) {
            (Notification::Loop { told, iteration, of }, Some(evaluation)) if told.reason == Reason::Iterated => {
                Some(evaluation.next_prompt(&told.run, *iteration, *of))
            }
            _ => None,
        }
    }

    /// What the user is told where the Stop did not get the lock.
    #[must_use]
    pub fn missed_notice(&self) -> Notification {
        let told = NotificationId { run: self.run.id.clone(), fence: self.run.fence, reason: Reason::StopMissed };
        Notification::Loop { told, iteration: self.run.iteration, of: self.run.max_iterations }
    }

    /// The run, for its name.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }
}

/// Waits until no other delivery runs the command: that wait takes nothing of the time that the command has.
fn lock_done_when<T, E>(extend_alarm: impl Fn(Duration), lock: impl FnOnce(Instant) -> Result<T, E>) -> Result<T, E> {
    extend_alarm(done_when::TIMEOUT + MARGIN);
    let taken = lock(Instant::now() + done_when::TIMEOUT)?;
    extend_alarm(done_when::TIMEOUT + MARGIN);
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_command_has_its_whole_time_however_long_its_turn_was_waited_for() {
        let calls = RefCell::new(Vec::new());
        let extend_alarm = |time: Duration| calls.borrow_mut().push(time.as_secs());
        let taken = lock_done_when(extend_alarm, |_| {
            calls.borrow_mut().push(0);
            Ok::<_, ()>(())
        });
        assert_eq!((taken, calls.into_inner()), (Ok(()), vec![310, 0, 310]));
    }
}
