//! Loops: decides whether the agent gets its prompt again when it wants to stop.

use crate::decision::Notification;
use crate::event::EventName;
use crate::id::RunId;
use crate::loop_state::{Check, Loop, StopFacts, UNATTENDED};
use crate::reason::Reason;
use crate::rules::context::{EventContext, RuleContext};
use crate::rules::launch::LaunchRow;
use crate::rules::notifications::{id_of, of_loop, owed_suspension};
use crate::run::{Run, Status, StopReason};
use crate::session::OutboxEntry;

/// What a row of the loop tables does to the run.
enum Step {
    /// The loop starts another iteration, with these counters.
    Iterate(Loop),
    /// The fleet's database decides the run and cannot be asked: the run does not change.
    Leave(Reason),
    /// The agent waits for work of its own: nothing is counted.
    Wait(Reason, Loop),
    /// A prompt of the user or the client begins a turn, with these counters. No row applies.
    Prompt(Loop),
    /// The loop is suspended until the next prompt or until the user continues it.
    Suspend(Status, Reason, Loop),
    /// The loop and its run end.
    End(Status, Reason),
}

/// Applies the loop tables to an event of the launch that owns a loop, and returns the row that applied. A launch that
/// has just taken over the run starts with its next turn, so only a Stop of a known launch counts.
pub fn apply(cx: &mut EventContext<'_>, shown: LaunchRow) -> Option<Reason> {
    let runs = cx.rules.unfinished_runs_of(cx.session);
    let [id] = runs.as_slice() else { return None };
    let run = cx.rules.draft.run(id)?;
    let mut loop_state = run.loop_state.clone()?;
    let owns = run.owner.process == *cx.process && !cx.rules.is_elsewhere(run);
    if !owns || run.status != Status::Active {
        return None;
    }
    let unreachable = cx.rules.is_unreachable(run);
    if !unreachable && take_unanswered(cx, id) {
        loop_state.reset_turn();
    }
    let run = cx.rules.draft.run(id)?;
    let step = match cx.event.name {
        EventName::Stop if shown == LaunchRow::Heartbeat => stop(cx, run, &loop_state),
        EventName::Interrupt | EventName::StopFailure if unreachable => return Some(Reason::FleetUnreachable),
        _ if unreachable => return None,
        EventName::UserPromptSubmit => prompt(cx, &loop_state),
        EventName::Interrupt => Step::Suspend(Status::Paused, Reason::TurnInterrupted, loop_state),
        EventName::StopFailure => Step::Suspend(Status::Paused, Reason::ServiceFailed, loop_state),
        _ => return None,
    };
    carry_out(cx, id, step)
}

/// Applies the table of Stops and returns the step of the first row that applies.
fn stop(cx: &EventContext<'_>, run: &Run, before: &Loop) -> Step {
    if cx.rules.is_unreachable(run) {
        return Step::Leave(Reason::FleetUnreachable);
    }
    let is_of_run = |facts: &&StopFacts| facts.run == run.id && facts.definition == before.limits.definition;
    let Some(facts) = cx.event.stop.as_ref().filter(is_of_run).filter(|_| !cx.event.waited) else {
        let row = if cx.event.waited { Reason::StopMissed } else { Reason::LoopUnreadable };
        return Step::Suspend(Status::Waiting, row, before.clone());
    };
    let mut counted = before.clone();
    counted.count_repeats(facts);
    if !facts.again {
        counted.blocks = 0;
    }
    counted.background_work.observe(&cx.event.background_work, cx.rules.now());
    let waits = counted.background_work.holds_up(cx.rules.now());
    let has_no_round_left = !waits && run.max_iterations.is_some_and(|max| run.iteration >= max);
    let has_no_time_left = before.limits.max_ms.is_some_and(|max| run.created.age_ms(cx.rules.now()) >= max);
    let is_seen = !cx.event.agent.runs_unseen() || cx.event.pane.is_known();
    match facts {
        _ if facts.check == Some(Check::Refused) => Step::Suspend(Status::Paused, Reason::CheckRefused, before.clone()),
        _ if facts.is_done() => Step::End(Status::Done, Reason::LoopDone),
        _ if has_no_round_left || has_no_time_left => Step::End(Status::Failed, Reason::LoopLimit),
        _ if waits => {
            // The turn is over, and nothing that is counted is of it.
            let mut waiting = before.clone();
            waiting.reset_turn();
            waiting.background_work = counted.background_work;
            Step::Wait(Reason::BackgroundWork, waiting)
        }
        _ if counted.has_stalled() => Step::End(Status::Failed, Reason::NoProgress),
        _ if !is_seen && before.unattended >= UNATTENDED => Step::End(Status::Failed, Reason::Unattended),
        _ if facts.cap.is_some_and(|cap| counted.blocks >= cap) => {
            Step::Suspend(Status::Waiting, Reason::ClientCap, counted)
        }
        _ => {
            counted.blocks = counted.blocks.saturating_add(1);
            counted.unattended = counted.unattended.saturating_add(1);
            counted.turn.clone_from(&cx.event.prompt_id);
            counted.open = true;
            Step::Iterate(counted)
        }
    }
}

/// Returns the step for a prompt.
///
/// A user's prompt with a new turn id, although no Stop ended the previous turn, means that the previous turn was
/// interrupted. Claude has no other signal for that, and Codex has none for a failure of its service. A prompt that is
/// typed while the turn runs repeats the turn's id.
fn prompt(cx: &EventContext<'_>, before: &Loop) -> Step {
    let event = cx.event;
    let by_user = event.prompt.as_ref().is_some_and(|prompt| prompt.by_user);
    let known = before.turn.is_some() && event.prompt_id.is_some();
    if by_user && before.open && known && before.turn != event.prompt_id {
        return Step::Suspend(Status::Paused, Reason::TurnInterrupted, before.clone());
    }
    let mut counted = before.clone();
    counted.background_work.waits_since = None;
    if by_user {
        counted.attended();
    }
    counted.open = true;
    counted.turn.clone_from(&event.prompt_id);
    Step::Prompt(counted)
}

fn carry_out(cx: &mut EventContext<'_>, id: &RunId, step: Step) -> Option<Reason> {
    let run = cx.rules.draft.run_mut(id)?;
    let row = match step {
        Step::Prompt(counted) => {
            run.loop_state = Some(counted);
            return None;
        }
        Step::Leave(row) => {
            let (owed, told) = (owed_suspension(run, row), of_loop(run, owed_suspension(run, row).id));
            leave_unanswered(cx, owed, told);
            return Some(row);
        }
        Step::Wait(row, mut waiting) => {
            let is_news = waiting.background_work.has_new_task();
            waiting.background_work.wait(&cx.rules.request.now);
            run.loop_state = Some(waiting);
            if is_news {
                cx.notifications.push(of_loop(run, id_of(run, row)));
            }
            return Some(row);
        }
        Step::Iterate(mut counted) => {
            // Whatever still runs was waited for long enough.
            let gave_up = counted.background_work.ignore_all();
            run.loop_state = Some(counted);
            run.iteration = run.iteration.saturating_add(1);
            if gave_up {
                cx.notifications.push(of_loop(run, id_of(run, Reason::BackgroundWorkIgnored)));
            }
            Reason::Iterated
        }
        Step::Suspend(status, row, counted) => {
            run.loop_state = Some(counted);
            suspend(run, status, StopReason::Rule(row));
            row
        }
        Step::End(status, row) => {
            cx.notifications.push(of_loop(run, id_of(run, row)));
            cx.rules.finish(id, status, row, Some(StopReason::Rule(row)));
            return Some(row);
        }
    };
    // An event from the inbox has no reader for its reply. Claude ignores the reply to a failure of its service.
    if cx.event.waited || cx.event.name == EventName::StopFailure {
        let owed = owed_suspension(run, row);
        cx.record_mut()?.outbox.push(owed);
    } else {
        cx.notifications.push(of_loop(run, id_of(run, row)));
    }
    Some(row)
}

/// Records that a Stop was not answered because the database cannot be asked. The run itself must not change, so the session's
/// outbox has it, until the run can be reached again.
fn leave_unanswered(cx: &mut EventContext<'_>, owed: OutboxEntry, told: Notification) {
    if cx.event.can_notify_user() && !cx.notifications.contains(&told) {
        cx.notifications.push(told);
    }
    if let Some(session) = cx.record_mut().filter(|session| session.outbox.iter().all(|entry| entry.id != owed.id)) {
        session.outbox.push(owed);
    }
}

/// Removes the record of a Stop that was not answered. Returns whether there was one: the turn before has then ended.
fn take_unanswered(cx: &mut EventContext<'_>, id: &RunId) -> bool {
    let Some(session) = cx.record_mut() else { return false };
    let before = session.outbox.len();
    session.outbox.retain(|entry| entry.id.run != *id || entry.id.reason != Reason::FleetUnreachable);
    session.outbox.len() < before
}

/// Suspends a run. A loop's turn ends with it.
pub fn suspend(run: &mut Run, status: Status, why: StopReason) {
    run.status = status;
    run.stop_reason = Some(why);
    if let Some(loop_state) = run.loop_state.as_mut() {
        loop_state.reset_turn();
    }
}

impl RuleContext<'_> {
    /// Adds the reason for the suspension to the owner's outbox.
    pub fn owe_suspension(&mut self, id: &RunId, reason: Reason) {
        let Some(run) = self.draft.run(id).filter(|run| run.loop_state.is_some()) else { return };
        let (session, owed) = (run.owner.session.clone(), owed_suspension(run, reason));
        if let Some(session) = session.and_then(|id| self.draft.session_mut(&id)) {
            session.outbox.push(owed);
        }
    }
}
