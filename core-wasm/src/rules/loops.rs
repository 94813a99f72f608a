//! A run drives its agent: whether its prompt goes in again when the agent wants to stop.

use crate::draft::Draft;
use crate::protocol::agent::Agent;
use crate::protocol::decision::Notification;
use crate::protocol::event::{Event, EventName};
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::loop_state::{Check, Loop, StopFacts, UNATTENDED, count_repeats};
use crate::protocol::process::Process;
use crate::protocol::reason::Reason;
use crate::protocol::request::Request;
use crate::protocol::run::{Run, Status};
use crate::protocol::session::NotificationId;
use crate::rules::ownership::{finish, unfinished_runs};

/// Applies the loop table to an event of the session and process that own a loop; gives the row that applied. `known` says that the
/// event is of a launch that was known before: one that just took the run over begins with the next turn.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    event: &Event,
    (session, process): (&SessionId, &Process),
    known: bool,
    notifications: &mut Vec<Notification>,
) -> Option<Reason> {
    let runs = unfinished_runs(draft, session);
    let [id] = runs.as_slice() else { return None };
    let run = draft.run_mut(id).filter(|run| run.owner.process == *process)?;
    let active = run.status == Status::Active;
    let loop_state = run.loop_state.as_mut()?;
    if event.can_notify_user()
        && let Some(reason) = loop_state.untold.take()
    {
        notifications.push(tell(run, reason));
    }
    let row = match event.name {
        EventName::Stop if active && known => match stop(request, run, event) {
            Ok(row) => row,
            Err((status, why)) => {
                notifications.push(tell(run, why));
                finish(request, draft, id, (status, why), Some(why.sentence().to_owned()));
                return Some(why);
            }
        },
        EventName::UserPromptSubmit if active => prompt(run, event)?,
        EventName::Interrupt if active => suspend(run, Status::Paused, Reason::TurnInterrupted),
        EventName::StopFailure if active => suspend(run, Status::Paused, Reason::ServiceFailed),
        _ => return None,
    };
    // Nobody reads a reply to what waited, and Claude none to a failure of the service.
    if event.waited || event.name == EventName::StopFailure {
        run.loop_state.as_mut()?.untold = Some(row);
    } else {
        notifications.push(tell(run, row));
    }
    Some(row)
}

/// What the user is told of a loop by a row.
pub fn tell(run: &Run, reason: Reason) -> Notification {
    let told = NotificationId { run: run.id.clone(), fence: run.fence, reason };
    Notification::Loop { told, iteration: run.iteration, of: run.max_iterations }
}

/// The agent wants to stop: the row, or how the loop ends.
fn stop(request: &Request, run: &mut Run, event: &Event) -> Result<Reason, (Status, Reason)> {
    if event.waited {
        return Ok(suspend(run, Status::Waiting, Reason::StopMissed));
    }
    let of_this = |facts: &&StopFacts| {
        facts.run == run.id
            && run.loop_state.as_ref().is_some_and(|loop_state| loop_state.limits.definition == facts.definition)
    };
    let Some(facts) = event.stop.as_ref().filter(of_this) else {
        return Ok(suspend(run, Status::Waiting, Reason::LoopUnreadable));
    };
    if facts.check == Some(Check::Refused) {
        return Ok(suspend(run, Status::Paused, Reason::CheckRefused));
    }
    if facts.is_done() {
        return Err((Status::Done, Reason::LoopDone));
    }
    let late = |max: u64| run.created.age_ms(&request.now) >= max;
    let Some(loop_state) = run.loop_state.as_mut() else { return Ok(Reason::Heartbeat) };
    if run.max_iterations.is_some_and(|max| run.iteration >= max) || loop_state.limits.max_ms.is_some_and(late) {
        return Err((Status::Failed, Reason::LoopLimit));
    }
    count_repeats(&mut loop_state.message, &mut loop_state.same_message, facts.message.as_ref());
    count_repeats(&mut loop_state.project, &mut loop_state.same_project, facts.project.as_ref());
    let patience = loop_state.limits.patience;
    if patience > 0 && loop_state.same_message.max(loop_state.same_project) >= patience {
        return Err((Status::Failed, Reason::NoProgress));
    }
    if event.agent == Agent::Codex && !event.pane.is_known() && loop_state.unattended >= UNATTENDED {
        return Err((Status::Failed, Reason::Unattended));
    }
    if !facts.again {
        loop_state.blocks = 0;
    }
    if facts.cap.is_some_and(|cap| loop_state.blocks >= cap) {
        return Ok(suspend(run, Status::Waiting, Reason::ClientCap));
    }
    loop_state.blocks = loop_state.blocks.saturating_add(1);
    loop_state.unattended = loop_state.unattended.saturating_add(1);
    loop_state.turn.clone_from(&event.prompt_id);
    loop_state.open = true;
    run.iteration = run.iteration.saturating_add(1);
    Ok(Reason::Iterated)
}

/// A prompt goes in. A user's with the id of a new turn, where no Stop ended the turn before, says that this one was interrupted:
/// Claude notifications so in no other way, and Codex of a failing service neither. One typed while the turn runs repeats its id.
fn prompt(run: &mut Run, event: &Event) -> Option<Reason> {
    let loop_state = run.loop_state.as_mut()?;
    let by_user = event.prompt.as_ref().is_some_and(|prompt| prompt.by_user);
    let known = loop_state.turn.is_some() && event.prompt_id.is_some();
    if by_user && loop_state.open && known && loop_state.turn != event.prompt_id {
        return Some(suspend(run, Status::Paused, Reason::TurnInterrupted));
    }
    if by_user {
        loop_state.attended();
    }
    loop_state.open = true;
    loop_state.turn.clone_from(&event.prompt_id);
    None
}

fn suspend(run: &mut Run, status: Status, reason: Reason) -> Reason {
    run.status = status;
    run.stop_reason = Some(reason.sentence().to_owned());
    if let Some(loop_state) = run.loop_state.as_mut() {
        loop_state.close_turn();
    }
    reason
}

/// What a user's word does to a loop that goes on with it.
pub fn resume_loop(loop_state: &mut Loop) {
    loop_state.close_turn();
    loop_state.attended();
    loop_state.untold = None;
}

/// The loop's run goes to another session or process.
pub fn reset_turn(draft: &mut Draft, id: &RunId) {
    if let Some(loop_state) = draft.run_mut(id).and_then(|run| run.loop_state.as_mut()) {
        loop_state.close_turn();
    }
}
