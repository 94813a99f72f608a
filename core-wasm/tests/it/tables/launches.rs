//! Launches: which process shows which session.

use crate::world::script::check;

#[test]
fn launches_begin_and_end() {
    check(
        "P1 start A            -> registered no_run
         P1 prompt A           -> heartbeat no_run
         P1 prompt A           -> heartbeat no_run
         P1 stop A             -> heartbeat
         = A P1
         P1 end A              -> ended
         = A P1:ended over:ended
         P1 end A              -> ended
         P1 prompt A           -> launched no_run
         = A P1",
    );
}

#[test]
fn a_session_is_registered_by_its_first_event_whatever_it_is() {
    check("X1 prompt A -> registered no_run\n= A X1");
    check("X1 stop A -> registered no_run\n= A X1");
}

#[test]
fn a_session_that_nobody_left_is_not_over() {
    check(
        "P1 start A
         P1 prompt A
         P1 hang-up A          -> terminal_closed
         = A P1:terminal_closed
         P1 hang-up A          -> terminal_closed
         P2 start A resume     -> launched no_run
         P2 end A              -> ended
         = A P1:terminal_closed,P2:ended over:ended",
    );
    check(
        "P1 start A\nP2 start A resume\nP1 end A -> ended\nP2 hang-up A -> terminal_closed\n= A P1:ended,P2:terminal_closed",
    );
    check(
        "P1 start A\nP2 start A resume\nP1 hang-up A -> terminal_closed\nP2 end A -> ended\n= A P1:terminal_closed,P2:ended over:ended",
    );
    check(
        "P1 start A\nrun A P1 r\nP1 hang-up A\nP2 start A resume -> resumed_same_session launched +told\n= r active A/P2 #2",
    );
    check("P1 hang-up A -> unknown_session\n= A none");
}

#[test]
fn an_end_of_nothing_changes_nothing() {
    check(
        "X1 end A              -> unknown_session
         = A none
         X1 start B            -> registered no_run
         X2 end B              -> end_of_other_process
         = B X1",
    );
}

#[test]
fn codex_ends_a_thread_late_and_then_resumes_it() {
    check(
        "D1 start A            -> registered no_run
         D1 prompt A
         D1 end A              -> ended
         D1 start A resume     -> launched no_run
         = A D1?
         D1 start A resume     -> announced no_run
         late-end D1 A 1500    -> end_outdated
         = A D1?",
    );
}

#[test]
fn claude_shows_one_session_and_codex_many() {
    check(
        "P1 start A
         P1 prompt A
         P1 start B clear      -> switched registered no_run
         = A P1:switched over:ended
         P1 stop A             -> late_event
         P1 start A resume     -> switched launched no_run superseded
         = A P1
         = B P1:switched over:superseded archived",
    );
    check("X1 start A\nX1 prompt A\nX1 start B -> registered no_run\n= A X1\n= B X1");
}

#[test]
fn the_sessions_file_of_claude_outweighs_a_late_looking_event() {
    check("P1 start A\nP1 prompt A\nP1 start B clear\nshows P1 A\nP1 prompt A -> switched launched no_run superseded");
}

#[test]
fn compaction_is_the_same_session() {
    check("P1 start A\nP1 compact A -> compacted no_run\n= A P1");
}

#[test]
fn a_session_and_its_run_follow_a_project_that_is_gone_from_its_path() {
    check(
        "P1 start A
         run A P1 r
         kill P1
         P2 start A resume in=/new missing=/w -> resumed_same_session launched project_moved +told
         project A                            -> /new
         project r                            -> /new
         P2 prompt A in=/new                  -> heartbeat owner_present
         kill P2
         P3 start B startup in=/new           -> registered no_run run_offered +told
         P4 start C startup in=/w             -> registered no_run",
    );
    check(
        "P1 start A\nP1 prompt A\nP1 prompt A in=/new missing=/w -> project_moved heartbeat no_run\nproject A -> /new",
    );
    check("P1 start A\nP1 stop A in=/new missing=/w -> project_moved heartbeat\nproject A -> /new");
}

#[test]
fn the_runs_of_a_renamed_directory_follow_before_their_sessions_return() {
    let before = "P1 start A startup directory=/1\nrun A P1 r\nkill P1";
    check(&format!(
        "{before}
         P2 start B startup in=/new missing=/w directory=/1 -> project_moved registered no_run run_offered +told
         project r -> /new
         project A -> /w"
    ));
    // It may be another directory, or the file system does not say.
    for event in ["in=/new missing=/w directory=/2", "in=/new missing=/w", "in=/new missing=/other directory=/1"] {
        check(&format!("{before}\nP2 start B startup {event} -> registered no_run\nproject r -> /w"));
    }
}

#[test]
fn a_session_that_goes_elsewhere_keeps_its_project() {
    for event in [
        "P2 start A resume in=/new",
        "P1 prompt A in=/new",
        // Another project is gone, as when the record changed after the look.
        "P1 prompt A in=/new missing=/other",
        // Nobody shows the session there.
        "P1 end A in=/new missing=/w",
    ] {
        check(&format!("P1 start A\nrun A P1 r\n{event}\nproject A -> /w\nproject r -> /w"));
    }
}

#[test]
fn only_the_runs_of_the_project_that_is_gone_move() {
    check(
        "P1 start A
         P2 start B
         run A P1 r
         run B P2 s
         P1 prompt A in=/new missing=/w
         project r -> /new
         project B -> /w
         project s -> /w",
    );
    // A run that has ended is history.
    check("P1 start A\nrun A P1 r\nfinish r P1 -> finished\nP1 prompt A in=/new missing=/w\nproject r -> /w");
}
