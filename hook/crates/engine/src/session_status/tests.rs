use agent_baton_core::event::EventName::*;
use agent_baton_core::event::{EventName, Question};
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Delivery, Ended, Session};

use super::{last_activity, session_status};
use agent_baton_core::liveness::{Evidence, Liveness};
use baton_store::fixtures::*;
use baton_store::{Heartbeat, LogLine, LogTail};

fn log(beats: &[(u64, u32, EventName, Option<Question>)]) -> LogTail {
    let line = |(at, pid, event, question): &(u64, u32, EventName, Option<Question>)| {
        LogLine::Heartbeat(Heartbeat {
            at: stamp(*at),
            n: *at,
            event: *event,
            question: *question,
            continuation: None,
            digest: String::new(),
            prompt_id: None,
            process: process(*pid),
            took_us: None,
        })
    };
    LogTail { lines: beats.iter().map(line).collect(), size: 0 }
}

/// Returns a session in process 1, opened at 1, with slow path events at these times.
fn of(slow: &[(u64, EventName)]) -> Session {
    let mut session = session("s", 1);
    let delivery = |(at, event): &(u64, EventName)| Delivery {
        digest: String::new(),
        process: process(1),
        at: stamp(*at),
        event: Some(*event),
        continuation: None,
    };
    session.deliveries = slow.iter().map(delivery).collect();
    session
}

fn check(session: &Session, lives: &[Live], log: &LogTail, expected: &str) {
    let verdict: Vec<Liveness> =
        lives.iter().map(|live| Liveness { live: *live, evidence: Evidence::NeverSeen }).collect();
    let found = session_status(session, &verdict, log, &stamp(1000));
    let since = found.since.boot_ms;
    assert_eq!(format!("{} since {since}", found.status.word()), expected, "{session:?} {log:?}");
}

#[test]
fn the_newest_event_says_where_a_living_session_stands() {
    let slow = [(1, SessionStart), (5, UserPromptSubmit)];
    for (beat, expected) in [
        ((9, 1, Stop, None), "idle since 9"),
        ((9, 1, Interrupt, None), "idle since 9"),
        ((9, 1, UserPromptSubmit, None), "active since 9"),
        ((9, 1, StopFailure, None), "error since 9"),
        ((9, 1, PermissionRequest, None), "permission since 9"),
        ((9, 1, Notification, Some(Question::Permission)), "permission since 9"),
        ((9, 1, Notification, Some(Question::Answer)), "question since 9"),
        ((9, 1, Notification, Some(Question::Prompt)), "idle since 9"),
        ((9, 1, Notification, Some(Question::Other)), "attention since 9"),
        // An older log line, without the kind of question.
        ((9, 1, Notification, None), "attention since 9"),
        // An event that says nothing about the status leaves it unchanged.
        ((9, 1, Notification, Some(Question::Nothing)), "active since 5"),
        ((9, 1, PreCompact, None), "active since 5"),
        // A line that is older than the slow path event, and one of another process.
        ((3, 1, Stop, None), "active since 5"),
        ((9, 2, Stop, None), "active since 5"),
    ] {
        check(&of(&slow), &[Live::Yes], &log(&[beat]), expected);
    }
}

/// A Stop by which the agent goes on is no wait for the user, and a reminder of the client changes nothing in that.
#[test]
fn a_stop_that_is_no_end_leaves_the_session_at_work() {
    use agent_baton_core::session::Continuation;
    let reminder = (9, 1, Notification, Some(Question::Prompt));
    for (continuation, later, expected) in [
        (Some(Continuation::BackgroundWork), None, "background since 7"),
        (Some(Continuation::BackgroundWork), Some(reminder), "background since 7"),
        (Some(Continuation::BackgroundWork), Some((9, 1, UserPromptSubmit, None)), "active since 9"),
        (Some(Continuation::BackgroundWork), Some((9, 1, Stop, None)), "idle since 9"),
        (Some(Continuation::Loop), None, "active since 7"),
        (None, None, "idle since 7"),
        (None, Some(reminder), "idle since 7"),
    ] {
        let mut beats = log(&[(7, 1, Stop, None)]);
        if let LogLine::Heartbeat(beat) = &mut beats.lines[0] {
            beat.continuation = continuation;
        }
        beats.lines.extend(log(later.as_slice()).lines);
        check(&of(&[]), &[Live::Yes], &beats, expected);
        // The same of the Stop of a loop, which stands in the record.
        let mut session = of(&[(7, Stop)]);
        session.deliveries[0].continuation = continuation;
        check(&session, &[Live::Yes], &log(later.as_slice()), expected);
    }
}

/// A report is no question, and neither a reminder nor an unknown word hides an error or a question.
#[test]
fn a_notification_hides_nothing_that_is_more_urgent() {
    let note = |at, question| (at, 1, Notification, Some(question));
    let (prompt, other) = (note(9, Question::Prompt), note(9, Question::Other));
    for (beats, expected) in [
        (&[(7, 1, StopFailure, None), prompt][..], "error since 7"),
        (&[(7, 1, StopFailure, None), other], "error since 7"),
        (&[(7, 1, StopFailure, None), note(8, Question::Nothing), prompt], "error since 7"),
        (&[(7, 1, StopFailure, None), other, note(10, Question::Prompt)], "error since 7"),
        // A reminder begins no other wait.
        (&[(7, 1, Stop, None), prompt, note(10, Question::Prompt)], "idle since 7"),
        (&[(7, 1, StopFailure, None), prompt, (10, 1, UserPromptSubmit, None)], "active since 10"),
        (&[note(7, Question::Permission), other], "permission since 7"),
        (&[note(7, Question::Permission), note(9, Question::Nothing)], "permission since 7"),
        (&[note(7, Question::Answer), other], "question since 7"),
        // A permission that was refused: no event tells of that, until Claude waits for the next prompt.
        (&[note(7, Question::Permission), prompt], "idle since 9"),
        (&[note(7, Question::Answer), note(9, Question::Answered)], "active since 9"),
        (&[note(7, Question::Permission), note(9, Question::Answered)], "permission since 7"),
        (&[(7, 1, Stop, None), note(9, Question::Answered)], "idle since 7"),
        (&[(7, 1, Stop, None), note(9, Question::Nothing)], "idle since 7"),
        // An event that waited for the lock stands behind later ones.
        (&[(7, 1, StopFailure, None), (6, 1, Stop, None)], "error since 7"),
    ] {
        check(&of(&[(1, SessionStart), (5, UserPromptSubmit)]), &[Live::Yes], &log(beats), expected);
    }
    // Two processes show the session, and one of them asks something.
    let mut two = of(&[]);
    two.launches.push(launch(2));
    let asked = [(7, 1, Notification, Some(Question::Permission)), (9, 2, Stop, None)];
    check(&two, &[Live::Yes, Live::Yes], &log(&asked), "permission since 7");
    check(&two, &[Live::No, Live::Yes], &log(&asked), "idle since 9");
}

#[test]
fn before_its_first_prompt_a_session_starts_and_a_compaction_is_no_start() {
    check(&of(&[(1, SessionStart)]), &[Live::Yes], &log(&[]), "starting since 1");
    check(&of(&[(20, SessionStart)]), &[Live::Yes], &log(&[(9, 1, Stop, None)]), "idle since 9");
    // The session was resumed, that is opened again after its last turn.
    let mut resumed = of(&[(1, SessionStart)]);
    resumed.launches[0].started = stamp(30);
    check(&resumed, &[Live::Yes], &log(&[(9, 1, Stop, None)]), "starting since 30");
}

#[test]
fn only_proof_makes_a_session_lost() {
    let beats = log(&[(7, 1, UserPromptSubmit, None)]);
    let mut prompted = of(&[]);
    prompted.prompted = true;
    check(&prompted, &[Live::No], &beats, "lost since 7");
    check(&prompted, &[Live::Unknown], &beats, "unknown since 7");
    let mut two = prompted;
    two.launches.push(launch(2));
    check(&two, &[Live::No, Live::Unknown], &beats, "unknown since 7");
    check(&two, &[Live::Yes, Live::No], &beats, "active since 7");
    check(&two, &[Live::No, Live::Yes], &beats, "starting since 2");
    two.launches.clear();
    check(&two, &[], &log(&[]), "unknown since 1");
    let mut over = of(&[]);
    over.ended = Some(Ended { at: stamp(8), reason: Reason::Ended });
    check(&over, &[Live::No], &beats, "ended since 8");
    assert_eq!(last_activity(&over, &beats, &stamp(1000)).boot_ms, 7);
}

#[test]
fn only_a_conversation_can_be_lost() {
    for (prompted, has_context, expected) in
        [(false, false, "empty"), (true, false, "lost"), (false, true, "lost"), (true, true, "lost")]
    {
        let mut session = of(&[]);
        (session.prompted, session.has_context) = (prompted, has_context);
        check(&session, &[Live::No], &log(&[]), &format!("{expected} since 1"));
        check(&session, &[Live::Unknown], &log(&[]), "unknown since 1");
        check(&session, &[Live::Yes], &log(&[]), "starting since 1");
    }
}
