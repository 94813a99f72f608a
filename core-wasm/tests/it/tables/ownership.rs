//! Who owns a run, and how ownership moves.

use crate::world::script::check;

#[test]
fn a_run_is_resumed_once_when_its_owner_is_gone() {
    for end in ["kill P1", "zombie P1", "reuse P1", "P1 end A", "unlock P1", "shows P1 Z", "reboot"] {
        check(&format!(
            "P1 start A
             run A P1 r            -> started
             = r active A/P1 #1
             {end}
             P2 start A resume     -> resumed_same_session launched +told
             = r active A/P2 #2
             P2 prompt A           -> heartbeat owner_present
             P3 start A resume     -> owner_alive launched +told
             = r active A/P2 #2"
        ));
    }
}

#[test]
fn an_owner_that_lives_or_may_live_keeps_its_run() {
    check(
        "P1 start A
         run A P1 r
         P2 start A resume     -> owner_alive launched +told
         P2 prompt A           -> owner_alive heartbeat
         P2 start A resume     -> owner_alive announced
         P2 end A              -> ended
         = r active A/P1 #1
         P1 prompt A           -> heartbeat owner_present",
    );
    for unknown in ["blind P1", "elsewhere", "container"] {
        check(&format!(
            "P1 start A
             run A P1 r
             {unknown}
             P2 start A resume     -> owner_unverifiable launched +told
             P2 prompt A           -> owner_unverifiable heartbeat
             = r active A/P1 #1"
        ));
    }
}

/// The process of the owner executed something else: another program, another version of the agent, or a renamed one.
#[test]
fn an_owner_whose_process_executed_another_program_is_gone_or_may_be() {
    for (program, row) in [
        ("zsh 1:2", "resumed_same_session"),
        ("node 1:1", "owner_alive"),
        ("claude ?", "owner_alive"),
        ("claude 1:2", "owner_unverifiable"),
        ("node ?", "owner_unverifiable"),
    ] {
        check(&format!(
            "P1 start A
             run A P1 r
             exec P1 {program}
             P2 start A resume     -> {row} launched +told"
        ));
    }
    // An agent that sends events from another program is that agent, from then on.
    check(
        "exec P1 node 1:1
         P1 start A
         run A P1 r
         exec P1 claude 1:2
         P2 start A resume     -> owner_unverifiable launched +told
         P1 start A resume     -> announced owner_present
         P2 prompt A           -> owner_alive heartbeat +told",
    );
}

#[test]
fn of_two_windows_the_second_takes_over_when_the_owner_closes() {
    check(
        "P1 start A
         run A P1 r
         P2 start A resume     -> owner_alive launched +told
         P1 end A              -> ended
         P2 prompt A           -> resumed_same_session heartbeat +told
         = r active A/P2 #2",
    );
}

#[test]
fn resuming_away_and_back_keeps_the_owner() {
    check(
        "P1 start A
         P1 prompt A
         run A P1 r
         P1 end A
         P1 start B resume     -> registered no_run run_offered +told
         P1 end B
         P1 start A resume     -> launched owner_present
         = r active A/P1 #1",
    );
}

#[test]
fn a_run_follows_claudes_clear_and_fork_and_no_other_start() {
    for source in ["clear", "fork"] {
        check(&format!(
            "P1 start A
             P1 prompt A
             run A P1 r
             P1 end A
             P1 start B {source}   -> followed_in_process registered +told
             = r active B/P1 #2
             P1 prompt B           -> heartbeat owner_present"
        ));
    }
    check(
        "P1 start A
         P1 prompt A
         run A P1 r
         P1 start B resume     -> switched registered no_run run_offered +told
         = r active A/P1 #1",
    );
}

#[test]
fn codex_offers_and_never_follows() {
    check(
        "X1 start A
         X1 prompt A
         run A X1 r
         X1 start B clear      -> registered no_run run_left_loaded +told
         X1 start B clear      -> announced no_run
         = r active A/X1 #1",
    );
    check("D1 start A\nD1 prompt A\nrun A D1 r\nD1 start B -> registered no_run");
    check(
        "X1 start A
         X1 prompt A
         run A X1 r
         X1 start B            -> registered no_run run_left_loaded +told
         adopt r B X1          -> owner_alive
         adopt r B X1 take     -> adopted
         = r active B/X1 #2",
    );
}

#[test]
fn an_interrupted_run_of_the_project_is_offered_once() {
    check(
        "P1 start A
         P1 prompt A
         run A P1 r
         P2 start B            -> registered no_run
         kill P1
         P3 start C            -> registered no_run run_offered +told
         P3 start C resume     -> announced no_run
         = r active A/P1 #1",
    );
}

#[test]
fn nothing_gets_past_a_tombstone() {
    check(
        "P1 start A
         run A P1 r
         cancel r              -> cancelled
         = r cancelled A/P1 #1 archived
         update r P1           -> already_ended
         finish r P1           -> already_ended
         adopt r A P1 take     -> already_ended
         cancel r              -> already_ended
         kill P1
         P2 start A resume     -> launched run_ended
         = r cancelled A/P1 #1 archived
         run A P2 s            -> started",
    );
}

#[test]
fn a_writer_needs_the_present_number_or_a_place_below_the_owner() {
    check(
        "P1 start A
         run A P1 r
         run A P1 s            -> session_owns_run
         update r P1           -> updated
         update r #1           -> updated
         update r P2           -> not_owner
         update r #2           -> fence_stale
         kill P1
         P2 start A resume
         update r #1           -> fence_stale
         update r P1           -> not_owner
         verify r #2           -> verified
         update r P2           -> updated
         finish r P2           -> finished
         = r done A/P2 #2 archived
         P2 prompt A           -> heartbeat run_ended",
    );
}

#[test]
fn a_user_may_adopt_knowingly() {
    check(
        "P1 start A
         P1 prompt A
         run A P1 r
         P2 start B
         adopt r B P2          -> owner_alive
         adopt r B P2 force    -> owner_alive
         blind P1
         adopt r B P2          -> owner_unverifiable
         adopt r B P2 force    -> adopted
         = r active B/P2 #2
         adopt r B P2          -> already_owner
         adopt r A P1 take     -> adopted
         = r active A/P1 #3
         kill P1
         adopt r B P2          -> adopted
         P2 prompt B           -> heartbeat owner_present +told
         P3 start C
         run C P3 t
         adopt r C P3 take     -> session_owns_run
         adopt x C P3          -> run_not_found
         adopt r D P3          -> session_not_found
         adopt r A P1          -> no_live_launch",
    );
}

#[test]
fn a_stale_run_is_abandoned_and_can_be_adopted() {
    check(
        "P1 start A
         run A P1 r
         kill P1
         days 8
         P2 start A resume     -> abandoned_stale launched +told
         = r abandoned A/P1 #1 archived
         P2 prompt A           -> heartbeat run_ended
         adopt r A P2          -> adopted
         = r active A/P2 #2",
    );
    check("P1 start A\nrun A P1 r\nkill P1\ndays 6\nP2 start A resume -> resumed_same_session launched +told");
    check("P1 start A\nrun A P1 r\ndays 8\nP2 start A resume -> owner_alive launched +told");
}

/// The clock was two days ahead when the run was last written, and is right after a restart.
#[test]
fn a_time_in_the_future_keeps_no_run_fresh() {
    // Whatever was written under the wrong clock counts from the restart on.
    for (days, row) in [(6, "resumed_same_session launched +told"), (8, "abandoned_stale launched +told")] {
        check(&format!(
            "clock 6048000000
             P1 start A
             run A P1 r
             clock -6048000000
             reboot
             days {days}
             P2 start A resume     -> {row}"
        ));
    }
    // What a right clock wrote meanwhile counts more.
    check(
        "clock 6048000000
         P1 start A
         run A P1 r
         clock -6048000000
         P1 prompt A
         reboot
         P2 start A resume     -> resumed_same_session launched +told",
    );
}

#[test]
fn a_time_in_the_future_keeps_no_session_open_and_repeats_no_event() {
    check(
        "clock 6048000000
         P1 start A
         clock -6048000000
         P1 end A              -> ended
         = A P1:ended over:ended",
    );
}

#[test]
fn an_unreadable_record_is_not_absent() {
    check("P1 start A\nrun A P1 r\nbreak A\nP1 prompt A -> record_unreadable\nP2 start A resume -> record_unreadable");
    check(
        "P1 start A
         run A P1 r
         kill P1
         break r
         P2 start A resume     -> record_unreadable launched
         run A P2 s            -> record_unreadable
         = r active A/P1 #1",
    );
}
