//! Evaluates a `Stop` of a loop's owner before the lock is taken.

use std::fs::File;
use std::time::{Duration, Instant};

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

/// How much longer the hook may run than the command.
const MARGIN: Duration = Duration::from_secs(10);

/// A loop whose owner wants to stop.
#[derive(Debug)]
pub struct LoopStop {
    /// The run, as it was before the lock was taken.
    run: Run,
    /// `None` if the loop's definition cannot be read.
    evaluation: Option<StopEvaluation>,
    /// If a command is run, held until the `Stop` is committed, so that several deliveries of one `Stop` run it once.
    _lock: Option<File>,
}

/// The inputs of the evaluation of a `Stop`.
pub struct StopInputs<'a> {
    /// The state.
    pub store: &'a Store,
    /// The configuration, for the account's home.
    pub settings: &'a Settings,
    /// The environment of the hook, for the agent's own limit.
    pub environment: &'a dyn Environment,
    /// The payload of the event.
    pub raw: &'a RawEvent,
}

/// What the evaluation of a `Stop` needs from the event pipeline.
pub trait StopHost {
    /// Lets the hook run for this long, from now on.
    fn extend_limit(&self, limit: Duration);

    /// Returns whether another delivery of the event was handled meanwhile. Only reads.
    fn was_handled(&self, event: &Event) -> bool;
}

impl LoopStop {
    /// Gathers the facts that the core needs to decide a `Stop` of a loop's owner, and stores them in `event.stop`.
    /// Runs the loop's command if it has one. Returns `None` for every other event.
    pub fn evaluate(inputs: &StopInputs<'_>, host: &dyn StopHost, event: &mut Event) -> Option<Self> {
        let StopInputs { store, settings, environment, raw } = *inputs;
        let snapshot = store.read(|view| snapshot::for_heartbeat(view, event)).ok()?;
        let run = owned_loop(&snapshot, event)?.clone();
        let Some(bytes) = store.read_loop_definition(&run.id).ok().flatten() else {
            return Some(Self { run, evaluation: None, _lock: None });
        };
        let mut lock = None;
        if LoopDefinition::from_bytes(&bytes).is_some_and(|definition| definition.done_when.is_some()) {
            let Ok(held) = lock_done_when(host, |deadline| store.lock_loop(&run.id, deadline)) else {
                return Some(Self { run, evaluation: None, _lock: None });
            };
            if host.was_handled(event) {
                return None;
            }
            lock = Some(held);
        }
        let details = StopDetails::parse(raw.text());
        let home = || settings.account_home();
        // The run follows its session only when this event is decided.
        let moved = event.missing_project.as_ref().and(event.project.as_deref());
        let project = moved.or(run.project.as_deref());
        let found = StopEvaluation::new((&run, project), &bytes, &details, event.agent, environment, home);
        let (evaluation, facts) = found.unzip();
        event.stop = facts;
        Some(Self { run, evaluation, _lock: lock })
    }

    /// Returns the prompt of the iteration that the notification announces.
    #[must_use]
    pub fn next_prompt(&self, tell: &Notification) -> Option<String> {
        match (tell, &self.evaluation) {
            (Notification::Loop { id: told, iteration, of }, Some(evaluation)) if told.reason == Reason::Iterated => {
                Some(evaluation.next_prompt(&told.run, *iteration, *of))
            }
            _ => None,
        }
    }

    /// Returns what baton tells the user if the `Stop` did not get the lock.
    #[must_use]
    pub fn missed_notice(&self) -> Notification {
        let told = NotificationId {
            run: self.run.id.clone(),
            fence: self.run.fence,
            reason: Reason::StopMissed,
            revision: None,
        };
        Notification::Loop { id: told, iteration: self.run.iteration, of: self.run.max_iterations }
    }

    /// Returns the run, for its name.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }
}

/// Waits until no other delivery runs the command. The wait does not shorten the time that the command may take.
fn lock_done_when<T, E>(host: &dyn StopHost, lock: impl FnOnce(Instant) -> Result<T, E>) -> Result<T, E> {
    host.extend_limit(done_when::TIMEOUT + MARGIN);
    let held = lock(Instant::now() + done_when::TIMEOUT)?;
    host.extend_limit(done_when::TIMEOUT + MARGIN);
    Ok(held)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Records the limits that it was asked for.
    #[derive(Default)]
    struct Limits(RefCell<Vec<u64>>);

    impl StopHost for Limits {
        fn extend_limit(&self, limit: Duration) {
            self.0.borrow_mut().push(limit.as_secs());
        }

        fn was_handled(&self, _: &Event) -> bool {
            false
        }
    }

    #[test]
    fn the_command_has_its_whole_time_however_long_its_turn_was_waited_for() {
        let limits = Limits::default();
        let held = lock_done_when(&limits, |_| {
            limits.0.borrow_mut().push(0);
            Ok::<_, ()>(())
        });
        assert_eq!((held, limits.0.into_inner()), (Ok(()), vec![310, 0, 310]));
    }
}
