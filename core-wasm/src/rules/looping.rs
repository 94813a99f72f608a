//! A run drives its agent: whether its prompt goes in again when the agent wants to stop.

use crate::agent::Agent;
use crate::decision::Tell;
use crate::draft::Draft;
use crate::event::{Event, EventName};
use crate::id::{RunId, SessionId};
use crate::looping::{Check, Loop, StopFacts, UNATTENDED, see};
use crate::process::Process;
use crate::reason::Reason;
use crate::request::Request;
use crate::rules::ownership::{end, unfinished_runs};
use crate::run::{Run, Status};
use crate::session::Told;

/// Applies the loop table to an event of the session and process that own a loop; gives the row that applied. `known` says that the
/// event is of a launch that was known before: one that just took the run over begins with the next turn.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    event: &Event,
    (session, process): (&SessionId, &Process),
    known: bool,
    tells: &mut Vec<Tell>,
) -> Option<Reason> {
    let runs = unfinished_runs(draft, session);
    let [id] = runs.as_slice() else { return None };
    let run = draft.run_mut(id).filter(|run| run.owner.process == *process)?;
    let active = run.status == Status::Active;
    let looping = run.looping.as_mut()?;
    if event.reaches_user()
        && let Some(reason) = looping.untold.take()
    {
        tells.push(tell(run, reason));
    }
    let row = match event.name {
        EventName::Stop if active && known => match stop(request, run, event) {
            Ok(row) => row,
            Err((status, why)) => {
                tells.push(tell(run, why));
                end(request, draft, id, (status, why), Some(why.sentence().to_owned()));
                return Some(why);
            }
        },
        EventName::UserPromptSubmit if active => prompt(run, event)?,
        EventName::Interrupt if active => halt(run, Status::Paused, Reason::TurnInterrupted),
        EventName::StopFailure if active => halt(run, Status::Paused, Reason::ServiceFailed),
        _ => return None,
    };
    // Nobody reads a reply to what waited, and Claude none to a failure of the service.
    if event.waited || event.name == EventName::StopFailure {
        run.looping.as_mut()?.untold = Some(row);
    } else {
        tells.push(tell(run, row));
    }
    Some(row)
}

/// What the user is told of a loop by a row.
pub fn tell(run: &Run, reason: Reason) -> Tell {
    let told = Told { run: run.id.clone(), fence: run.fence, reason };
    Tell::Loop { told, iteration: run.iteration, of: run.max_iterations }
}

/// The agent wants to stop: the row, or how the loop ends.
fn stop(request: &Request, run: &mut Run, event: &Event) -> Result<Reason, (Status, Reason)> {
    if event.waited {
        return Ok(halt(run, Status::Waiting, Reason::StopMissed));
    }
    let of_this = |facts: &&StopFacts| {
        facts.run == run.id && run.looping.as_ref().is_some_and(|looping| looping.terms.texts == facts.texts)
    };
    let Some(facts) = event.stop.as_ref().filter(of_this) else {
        return Ok(halt(run, Status::Waiting, Reason::LoopUnreadable));
    };
    if facts.check == Some(Check::Refused) {
        return Ok(halt(run, Status::Paused, Reason::CheckRefused));
    }
    if facts.is_done() {
        return Err((Status::Done, Reason::LoopDone));
    }
    let late = |max: u64| run.created.age_ms(&request.now) >= max;
    let Some(looping) = run.looping.as_mut() else { return Ok(Reason::Heartbeat) };
    if run.max_iterations.is_some_and(|max| run.iteration >= max) || looping.terms.max_ms.is_some_and(late) {
        return Err((Status::Failed, Reason::LoopLimit));
    }
    see(&mut looping.message, &mut looping.same_message, facts.message.as_ref());
    see(&mut looping.project, &mut looping.same_project, facts.project.as_ref());
    let patience = looping.terms.patience;
    if patience > 0 && looping.same_message.max(looping.same_project) >= patience {
        return Err((Status::Failed, Reason::NoProgress));
    }
    if event.agent == Agent::Codex && !event.pane.is_known() && looping.unattended >= UNATTENDED {
        return Err((Status::Failed, Reason::Unattended));
    }
    if !facts.again {
        looping.blocks = 0;
    }
    if facts.cap.is_some_and(|cap| looping.blocks >= cap) {
        return Ok(halt(run, Status::Waiting, Reason::ClientCap));
    }
    looping.blocks = looping.blocks.saturating_add(1);
    looping.unattended = looping.unattended.saturating_add(1);
    looping.turn.clone_from(&event.prompt_id);
    looping.open = true;
    run.iteration = run.iteration.saturating_add(1);
    Ok(Reason::Iterated)
}

/// A prompt goes in. A user's with the id of a new turn, where no Stop ended the turn before, says that this one was interrupted:
/// Claude tells so in no other way, and Codex of a failing service neither. One typed while the turn runs repeats its id.
fn prompt(run: &mut Run, event: &Event) -> Option<Reason> {
    let looping = run.looping.as_mut()?;
    let by_user = event.prompt.as_ref().is_some_and(|prompt| prompt.by_user);
    let known = looping.turn.is_some() && event.prompt_id.is_some();
    if by_user && looping.open && known && looping.turn != event.prompt_id {
        return Some(halt(run, Status::Paused, Reason::TurnInterrupted));
    }
    if by_user {
        looping.attended();
    }
    looping.open = true;
    looping.turn.clone_from(&event.prompt_id);
    None
}

fn halt(run: &mut Run, status: Status, reason: Reason) -> Reason {
    run.status = status;
    run.stop_reason = Some(reason.sentence().to_owned());
    if let Some(looping) = run.looping.as_mut() {
        looping.close_turn();
    }
    reason
}

/// What a user's word does to a loop that goes on with it.
pub fn continued(looping: &mut Loop) {
    looping.close_turn();
    looping.attended();
    looping.untold = None;
}

/// The loop's run goes to another session or process.
pub fn moved(draft: &mut Draft, id: &RunId) {
    if let Some(looping) = draft.run_mut(id).and_then(|run| run.looping.as_mut()) {
        looping.close_turn();
    }
}
