//! One event's way through the rooms: the fast path, or the one under the lock.
//!
//! Nearly every event is a sign of life of a launch that is known. It takes the fast path: no lock, no rename, no sync, one line
//! appended to the session's log. What changes something takes the lock.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use agent_baton_core::decision::Tell;
use agent_baton_core::event::{Event, EventName, Question};
use agent_baton_core::id::RunId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Ask;
use agent_baton_core::run::RunName;
use agent_baton_core::stamp::Stamp;

use super::{ALARM_SECONDS, HookError, LOCK_WAIT, chores, log_failure};
use crate::decider::{Decider, DeciderError, Settled, heartbeat};
use crate::event::RawEvent;
use crate::looping::Driven;
use crate::machine::environment::Environment;
use crate::machine::stat::Stat;
use crate::machine::{Machine, worktree};
use crate::protect::{ProtectError, Visit};
use crate::reply::{go_on, reply};
use crate::scribe::Scribe;
use crate::snapshot::Looked;
use crate::store::{Beat, Line, LockError, Locked, Mark, RECENT, StoreError};
use crate::words::say;

/// For how long since the hook began events that waited are acted on: half of what the alarm gives.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// One event's way through the rooms.
pub(super) struct Way<'a, M, E> {
    pub(super) decider: Decider<'a, M, E>,
    pub(super) process: Option<Stat>,
    pub(super) question: Option<Question>,
    /// What the agent wrote; none of a notification, which repeats what the event of the turn's end said.
    pub(super) raw: Option<&'a RawEvent>,
    pub(super) begun: Instant,
}

impl<M: Machine, E: Environment> Way<'_, M, E> {
    pub(super) fn go(&self, event: Event) -> Result<(), HookError> {
        if event.process.is_none() || self.passes(&event)? { Ok(()) } else { self.settle(event) }
    }

    /// A notification names a thread and nothing that shows who has it. It is a sign of life of a launch that is known, and
    /// never the beginning of one: so it takes the fast path or none.
    pub(super) fn heed(&self, event: &Event) -> Result<(), HookError> {
        if event.process.is_some() { self.passes(event).map(drop) } else { Ok(()) }
    }

    /// The fast path: whether nothing is left to do, since the event was no more than a sign of life, or baton is disabled.
    fn passes(&self, event: &Event) -> Result<bool, HookError> {
        let store = self.decider.store;
        let pending = store.pending()?;
        if pending.disabled.is_in(|| self.project(event)) {
            return Ok(true);
        }
        if matches!(event.name, EventName::SessionStart | EventName::SessionEnd) || !pending.is_nothing() {
            return Ok(false);
        }
        let Ok(snapshot) = store.read(|view| heartbeat(store, view, event)) else { return Ok(false) };
        let Ok(Some((snapshot, n))) = snapshot else { return Ok(false) };
        let settled = self.decider.ask(Ask::Event(Box::new(event.clone())), snapshot);
        let settled = settled.inspect_err(|_| log_failure(store, &self.now()))?;
        let keeps = settled.request.snapshot.session.record().is_some_and(|session| session.messages);
        match settled.decision.reason {
            Reason::Heartbeat if keeps && !self.scribe().passes(event) => Ok(false),
            Reason::Heartbeat if settled.is_heartbeat() => self.beat(event, n).map(|()| true),
            Reason::DeliveredTwice => Ok(true),
            _ => Ok(false),
        }
    }

    /// The project that the session was registered in, else the one of the event's directory.
    fn project(&self, event: &Event) -> Option<String> {
        let session = event.session.as_ref()?;
        let registered = self.decider.store.read(|view| view.session(session)).ok();
        let registered = registered.and_then(|reading| reading.record().and_then(|session| session.project.clone()));
        registered.or_else(|| worktree::root(Path::new(event.cwd.as_ref()?)))
    }

    /// Leaves the sign of life in the session's log.
    fn beat(&self, event: &Event, n: u64) -> Result<(), HookError> {
        let (Some(session), Some(process)) = (&event.session, &event.process) else { return Ok(()) };
        let line = Line::Beat(Beat {
            at: self.decider.now(),
            n,
            event: event.name,
            question: self.question,
            digest: event.digest.clone(),
            prompt_id: event.prompt_id.clone(),
            process: process.clone(),
            took_us: u64::try_from(self.begun.elapsed().as_micros()).ok(),
        });
        Ok(self.decider.store.append(session, &line)?)
    }

    /// The slow path: under the lock.
    fn settle(&self, mut event: Event) -> Result<(), HookError> {
        let store = self.decider.store;
        self.decider.witness.enrich(&mut event, self.process.as_ref());
        let driven = self.drive(&mut event);
        let scribe = self.scribe();
        event.messages = Some(scribe.keeps());
        let probes = self.decider.look(&Ask::Event(Box::new(event.clone())));
        let now = self.decider.now();
        let mut locked = match store.lock(Instant::now() + LOCK_WAIT, &now) {
            Err(LockError::Busy { .. } | LockError::Store(StoreError::Mending { .. })) => {
                self.wait(&mut event, &now)?;
                return driven.map_or(Ok(()), |driven| missed(&event, &driven));
            }
            locked => locked?,
        };
        if let Err(error) = self.drain(&mut locked, &probes) {
            say(&error.to_string());
        }
        // Looked at under the lock, unlike everything else: who is not looked at counts as there, and the inbox just brought some in.
        let visit = Visit::begin(&self.decider, &event);
        let decided = self.decide(&mut locked, &event, visit.as_ref(), &probes, self.decider.now());
        let (settled, notes) = match decided {
            Err(error) if error.is_mending() => {
                drop(locked);
                self.wait(&mut event, &now)?;
                return driven.map_or(Ok(()), |driven| missed(&event, &driven));
            }
            decided => decided?,
        };
        if let Some(session) = event.session.as_ref().filter(|_| settled.is_heartbeat()) {
            locked.trim_log(session)?;
            self.beat(&event, store.tail(session, RECENT)?.next_n())?;
        }
        if settled.decision.reason != Reason::DeliveredTwice
            && let Err(error) = scribe.with_lock(&mut locked, &event)
        {
            say(&error.to_string());
        }
        let reports = locked.take_reports();
        drop(locked);
        if settled.decision.has(Reason::RecordUnreadable) {
            say("a record that this event needs cannot be read; it was left as it is, and nothing was decided");
        }
        reports.iter().chain(&notes).for_each(|report| say(report));
        if let Some(problem) = self.decider.settings.problem() {
            say(&problem.to_string());
        }
        self.reply(&event, &settled, driven.as_ref(), &notes)?;
        Ok(chores::after(&self.decider, event.name, settled.audit)?)
    }

    /// What a Stop of a loop's owner needs to be decided.
    fn drive(&self, event: &mut Event) -> Option<Driven> {
        if event.name != EventName::Stop {
            return None;
        }
        let Decider { store, settings, witness, .. } = self.decider;
        let hold = |time: Duration| {
            nix::unistd::alarm::set(u32::try_from(time.as_secs()).unwrap_or(ALARM_SECONDS));
        };
        let is_twin = |event: &Event| self.passes(event).unwrap_or(false);
        let driven = Driven::find(store, settings, witness.environment(), self.raw?, event, (hold, is_twin));
        nix::unistd::alarm::set(ALARM_SECONDS);
        driven
    }

    /// Has the core decide an event, and commits it; what its launch does to protected files comes before, if it comes in, or after,
    /// if it leaves. Gives what the person is told of them.
    fn decide(
        &self,
        locked: &mut Locked<'_>,
        event: &Event,
        visit: Option<&Visit>,
        probes: &[Looked],
        at: Stamp,
    ) -> Result<(Settled, Vec<String>), DeciderError> {
        let mut notes = Vec::new();
        let told = |done: Result<Vec<String>, ProtectError>| done.unwrap_or_else(|error| vec![error.to_string()]);
        let ask = Ask::Event(Box::new(event.clone()));
        let settled = self.decider.settle_after(locked, ask, probes, at, |locked, settled| {
            notes.extend(visit.map(|visit| told(visit.come_in(locked, settled))).unwrap_or_default());
        })?;
        notes.extend(visit.map(|visit| told(visit.leave(locked, event, &settled))).unwrap_or_default());
        Ok((settled, notes))
    }

    /// Leaves an event whose turn does not come in time to the next holder of the lock.
    fn wait(&self, event: &mut Event, now: &Stamp) -> Result<(), HookError> {
        event.waited = true;
        self.decider.store.check_format()?;
        if let Err(error) = self.scribe().without_lock(event) {
            say(&error.to_string());
        }
        Ok(self.decider.store.inbox_put(event, now)?)
    }

    /// Acts on events that did not get the lock in time, in the order in which they came; on a slow disk not on all, so that time is
    /// left for the event in hand.
    fn drain(&self, locked: &mut Locked<'_>, probes: &[Looked]) -> Result<(), HookError> {
        let now = self.decider.now();
        for waiting in locked.inbox_take(&now)? {
            if self.begun.elapsed() > DRAIN_TIME {
                break;
            }
            // What came before a reboot is decided as of then: its clock no longer runs.
            let at = if waiting.at.boot == now.boot { self.decider.now() } else { waiting.at.clone() };
            let visit = Visit::begin(&self.decider, &waiting.event);
            match self.decide(locked, &waiting.event, visit.as_ref(), probes, at).map(|(settled, _)| settled) {
                Ok(settled) if settled.decision.has(Reason::RecordUnreadable) => {
                    locked.inbox_failed(&waiting, &now, "a record that it needs cannot be read")?;
                }
                Ok(_) => {
                    locked.inbox_done(&waiting)?;
                    if let Err(error) = self.scribe().fold(locked, &waiting.event) {
                        say(&error.to_string());
                    }
                }
                // It waits on: the next call mends what was left, and acts on it then.
                Err(error) if error.is_mending() => return Err(error.into()),
                Err(error) => locked.inbox_failed(&waiting, &now, &error.to_string())?,
            }
        }
        Ok(())
    }

    /// Says what is to be said, and marks it as told once it is written out.
    fn reply(
        &self,
        event: &Event,
        settled: &Settled,
        driven: Option<&Driven>,
        notes: &[String],
    ) -> Result<(), HookError> {
        let runs = settled.request.snapshot.runs.iter().filter_map(|named| named.reading.record());
        let names: BTreeMap<RunId, RunName> = runs.map(|run| (run.id.clone(), run.name.clone())).collect();
        let tells = &settled.decision.tell;
        let text = match driven.and_then(|driven| tells.iter().find_map(|tell| driven.next_prompt(tell))) {
            Some(prompt) => go_on(prompt, tells, &names),
            None => reply(event.agent, event.name, tells, &names, notes),
        };
        let Some(text) = text else { return Ok(()) };
        write(&text)?;
        let Some(session) = &event.session else { return Ok(()) };
        for told in tells.iter().filter_map(Tell::told) {
            let mark = Mark { at: self.now(), told: told.clone(), process: event.process.clone() };
            self.decider.store.append(session, &Line::Told(mark))?;
        }
        Ok(())
    }

    fn scribe(&self) -> Scribe<'_> {
        Scribe { store: self.decider.store, settings: self.decider.settings, raw: self.raw, now: self.now() }
    }

    fn now(&self) -> Stamp {
        self.decider.now()
    }
}

/// Tells the person of a Stop that did not get the lock.
fn missed(event: &Event, driven: &Driven) -> Result<(), HookError> {
    let names = BTreeMap::from([(driven.run().id.clone(), driven.run().name.clone())]);
    reply(event.agent, event.name, &[driven.missed()], &names, &[]).map_or(Ok(()), |text| write(&text))
}

fn write(text: &str) -> Result<(), HookError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(HookError::Reply)
}
