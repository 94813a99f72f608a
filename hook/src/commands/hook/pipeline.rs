//! One event's way through the rooms: the fast path, or the one under the lock.
//!
//! Nearly every event is a heartbeat of a launch that is known. It takes the fast path: no lock, no rename, no sync, one line
//! appended to the session's log. What changes something takes the lock.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use agent_baton_core::decision::Notification;
use agent_baton_core::event::{Event, EventName, Question};
use agent_baton_core::id::RunId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Input;
use agent_baton_core::run::RunName;
use agent_baton_core::timestamp::Timestamp;

use super::{ALARM_SECONDS, HookError, LOCK_WAIT, log_failure, maintenance};
use baton_agents::raw_event::RawEvent;
use baton_agents::reply::{render_block, render_reply};
use baton_display::warn;
use baton_engine::decide::{DecisionError, DecisionService, Outcome, heartbeat_snapshot};
use baton_engine::loops::LoopStop;
use baton_engine::message_recorder::MessageRecorder;
use baton_engine::snapshot::ProbeResult;
use baton_protect::{ProtectError, ProtectedProjectEvent};
use baton_store::{DeliveryAck, Heartbeat, LockError, LockedStore, LogLine, RECENT_LOG_BYTES, StoreError};
use baton_system::process_stat::ProcessStat;
use baton_system::worktree;

/// For how long since the hook began events that waited are acted on: half of what the alarm gives.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// One event's way through the rooms.
pub(super) struct EventPipeline<'a> {
    pub(super) decider: DecisionService<'a>,
    pub(super) process: Option<ProcessStat>,
    pub(super) question: Option<Question>,
    /// What the agent wrote; none of a notification, which repeats what the event of the turn's end said.
    pub(super) raw: Option<&'a RawEvent>,
    pub(super) begun: Instant,
}

impl EventPipeline<'_> {
    pub(super) fn handle(&self, event: Event) -> Result<(), HookError> {
        if event.process.is_none() || self.try_fast_path(&event)? { Ok(()) } else { self.handle_locked(event) }
    }

    /// A notification names a thread and nothing that shows who has it. It is a heartbeat of a launch that is known, and
    /// never the beginning of one: so it takes the fast path or none.
    pub(super) fn handle_notification(&self, event: &Event) -> Result<(), HookError> {
        if event.process.is_some() { self.try_fast_path(event).map(drop) } else { Ok(()) }
    }

    /// The fast path: whether nothing is left to do, since the event was no more than a heartbeat, or baton is disabled.
    fn try_fast_path(&self, event: &Event) -> Result<bool, HookError> {
        let store = self.decider.store;
        let pending = store.pending()?;
        if pending.disabled.is_in(|| self.project(event)) {
            return Ok(true);
        }
        if matches!(event.name, EventName::SessionStart | EventName::SessionEnd) || !pending.is_empty() {
            return Ok(false);
        }
        let Ok(snapshot) = store.read(|view| heartbeat_snapshot(store, view, event)) else { return Ok(false) };
        let Ok(Some((snapshot, n))) = snapshot else { return Ok(false) };
        let settled = self.decider.decide_unlocked(Input::Event(Box::new(event.clone())), snapshot);
        let settled = settled.inspect_err(|_| log_failure(store, &self.now()))?;
        let keeps = settled.request.snapshot.session.record().is_some_and(|session| session.messages);
        match settled.decision.reason {
            Reason::Heartbeat if keeps && !self.recorder().record_unlocked(event) => Ok(false),
            Reason::Heartbeat if settled.is_heartbeat() => self.append_heartbeat(event, n).map(|()| true),
            Reason::DuplicateEvent => Ok(true),
            _ => Ok(false),
        }
    }

    /// The project that the session was registered in, else the one of the event's directory.
    fn project(&self, event: &Event) -> Option<String> {
        let session = event.session.as_ref()?;
        let registered = self.decider.store.read(|view| view.session(session)).ok();
        let registered = registered.and_then(|reading| reading.record().and_then(|session| session.project.clone()));
        registered.or_else(|| worktree::find_root(Path::new(event.cwd.as_ref()?)))
    }

    /// Leaves the heartbeat in the session's log.
    fn append_heartbeat(&self, event: &Event, n: u64) -> Result<(), HookError> {
        let (Some(session), Some(process)) = (&event.session, &event.process) else { return Ok(()) };
        let line = LogLine::Heartbeat(Heartbeat {
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
    fn handle_locked(&self, mut event: Event) -> Result<(), HookError> {
        let store = self.decider.store;
        self.decider.inspector.enrich_event(&mut event, self.process.as_ref());
        let driven = self.gather_loop_facts(&mut event);
        let recorder = self.recorder();
        event.messages = Some(recorder.is_enabled());
        let probes = self.decider.probe(&Input::Event(Box::new(event.clone())));
        let visit = ProtectedProjectEvent::prepare(&self.decider, &event);
        let now = self.decider.now();
        let mut locked = match store.lock(Instant::now() + LOCK_WAIT, &now) {
            Err(LockError::Busy { .. } | LockError::Store(StoreError::RecoveryIncomplete { .. })) => {
                return self.defer_to_inbox(&mut event, &now, driven.as_ref());
            }
            locked => locked?,
        };
        if let Err(error) = self.drain_inbox(&mut locked, &probes) {
            warn(&error.to_string());
        }
        let decided = self.decide(&mut locked, &event, visit.as_ref(), &probes, self.now());
        let (settled, notes) = match decided {
            Err(error) if error.is_recovery_incomplete() => {
                drop(locked);
                return self.defer_to_inbox(&mut event, &now, driven.as_ref());
            }
            decided => decided?,
        };
        if let Some(session) = event.session.as_ref().filter(|_| settled.is_heartbeat()) {
            locked.trim_log(session)?;
            self.append_heartbeat(&event, store.tail(session, RECENT_LOG_BYTES)?.next_n())?;
        }
        if settled.decision.reason != Reason::DuplicateEvent
            && let Err(error) = recorder.record_locked(&mut locked, &event)
        {
            warn(&error.to_string());
        }
        let reports = locked.take_reports();
        drop(locked);
        if settled.decision.has(Reason::RecordUnreadable) {
            warn("a record that this event needs cannot be read; it was left as it is, and nothing was decided");
        }
        reports.iter().chain(&notes).for_each(|report| warn(report));
        if let Some(problem) = self.decider.settings.problem() {
            warn(&problem.to_string());
        }
        self.reply(&event, &settled, driven.as_ref(), &notes)?;
        Ok(maintenance::run_maintenance(&self.decider, event.name, settled.audit)?)
    }

    /// What a Stop of a loop's owner needs to be decided.
    fn gather_loop_facts(&self, event: &mut Event) -> Option<LoopStop> {
        if event.name != EventName::Stop {
            return None;
        }
        let DecisionService { store, settings, inspector, .. } = self.decider;
        let hold = |time: Duration| {
            nix::unistd::alarm::set(u32::try_from(time.as_secs()).unwrap_or(ALARM_SECONDS));
        };
        let is_twin = |event: &Event| self.try_fast_path(event).unwrap_or(false);
        let driven = LoopStop::evaluate(store, settings, inspector.environment(), self.raw?, event, (hold, is_twin));
        nix::unistd::alarm::set(ALARM_SECONDS);
        driven
    }

    /// Has the core decide an event, and commits it; what its launch does to protected files comes before, if it comes in, or after,
    /// if it leaves. Gives what the user is told of them.
    fn decide(
        &self,
        locked: &mut LockedStore<'_>,
        event: &Event,
        visit: Option<&ProtectedProjectEvent>,
        probes: &[ProbeResult],
        at: Timestamp,
    ) -> Result<(Outcome, Vec<String>), DecisionError> {
        let mut notes = Vec::new();
        let told = |done: Result<Vec<String>, ProtectError>| done.unwrap_or_else(|error| vec![error.to_string()]);
        let ask = Input::Event(Box::new(event.clone()));
        let settled = self.decider.decide_and_commit_with(locked, ask, probes, at, |locked, settled| {
            notes.extend(visit.map(|visit| told(visit.on_enter(&self.decider, locked, settled))).unwrap_or_default());
        })?;
        notes.extend(visit.map(|visit| told(visit.on_exit(&self.decider, locked, &settled))).unwrap_or_default());
        Ok((settled, notes))
    }

    /// Leaves an event whose turn does not come in time to the next holder of the lock; tells the user if a loop stands still by that.
    fn defer_to_inbox(&self, event: &mut Event, now: &Timestamp, driven: Option<&LoopStop>) -> Result<(), HookError> {
        event.waited = true;
        self.decider.store.check_format()?;
        if let Err(error) = self.recorder().record_deferred(event) {
            warn(&error.to_string());
        }
        self.decider.store.inbox_add(event, now)?;
        driven.map_or(Ok(()), |driven| warn_missed_stop(event, driven))
    }

    /// Acts on events that did not get the lock in time, in the order in which they came; on a slow disk not on all, so that time is
    /// left for the event in hand.
    fn drain_inbox(&self, locked: &mut LockedStore<'_>, probes: &[ProbeResult]) -> Result<(), HookError> {
        let now = self.now();
        for waiting in locked.inbox_next_batch(&now)? {
            if self.begun.elapsed() > DRAIN_TIME {
                break;
            }
            // What came before a reboot is decided as of then: its clock no longer runs.
            let at = if waiting.at.boot == now.boot { self.decider.now() } else { waiting.at.clone() };
            let visit = ProtectedProjectEvent::prepare(&self.decider, &waiting.event);
            match self.decide(locked, &waiting.event, visit.as_ref(), probes, at).map(|(settled, _)| settled) {
                Ok(settled) if settled.decision.has(Reason::RecordUnreadable) => {
                    locked.inbox_quarantine(&waiting, &now, "a record that it needs cannot be read")?;
                }
                Ok(_) => {
                    locked.inbox_remove(&waiting)?;
                    if let Err(error) = self.recorder().compact(locked, &waiting.event) {
                        warn(&error.to_string());
                    }
                }
                // It waits on: the next call mends what was left, and acts on it then.
                Err(error) if error.is_recovery_incomplete() => return Err(error.into()),
                Err(error) => locked.inbox_quarantine(&waiting, &now, &error.to_string())?,
            }
        }
        Ok(())
    }

    /// Says what is to be said, and marks it as told once it is written out.
    fn reply(
        &self,
        event: &Event,
        settled: &Outcome,
        driven: Option<&LoopStop>,
        notes: &[String],
    ) -> Result<(), HookError> {
        let runs = settled.request.snapshot.runs.iter().filter_map(|named| named.reading.record());
        let names: BTreeMap<RunId, RunName> = runs.map(|run| (run.id.clone(), run.name.clone())).collect();
        let tells = &settled.decision.notifications;
        let text = match driven.and_then(|driven| tells.iter().find_map(|tell| driven.next_prompt(tell))) {
            Some(prompt) => render_block(prompt, tells, &names),
            None => render_reply(event.agent, event.name, tells, &names, notes),
        };
        let Some(text) = text else { return Ok(()) };
        write_stdout(&text)?;
        let Some(session) = &event.session else { return Ok(()) };
        for told in tells.iter().filter_map(Notification::told) {
            let mark = DeliveryAck { at: self.now(), told: told.clone(), process: event.process.clone() };
            self.decider.store.append(session, &LogLine::Delivered(mark))?;
        }
        Ok(())
    }

    fn recorder(&self) -> MessageRecorder<'_> {
        MessageRecorder { store: self.decider.store, settings: self.decider.settings, raw: self.raw, now: self.now() }
    }

    fn now(&self) -> Timestamp {
        self.decider.now()
    }
}

/// Tells the user of a Stop that did not get the lock.
fn warn_missed_stop(event: &Event, driven: &LoopStop) -> Result<(), HookError> {
    let names = BTreeMap::from([(driven.run().id.clone(), driven.run().name.clone())]);
    render_reply(event.agent, event.name, &[driven.missed_notice()], &names, &[])
        .map_or(Ok(()), |text| write_stdout(&text))
}

fn write_stdout(text: &str) -> Result<(), HookError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(HookError::Reply)
}
