//! Loops.

use crate::world::script::check;

#[test]
fn a_loop_goes_round_in_its_owner_alone() {
    check(
        "P1 start A
         P1 prompt A id=1
         P2 start B
         P2 prompt B id=1
         loop A P1 r max=3     -> started
         P2 stop B             -> heartbeat
         P1 stop A id=1        -> iterated heartbeat +told
         again                 -> duplicate_event
         repeat 150            -> duplicate_event
         P2 stop B             -> heartbeat
         P1 stop A id=1 again  -> iterated heartbeat +told
         P3 start A resume     -> owner_alive launched +told
         P3 stop A             -> heartbeat
         = r active A/P1 #1 at 2",
    );
}

#[test]
fn a_loop_ends_by_its_phrase_its_command_or_a_limit() {
    let begin = "P1 start A
         P1 prompt A id=1
         loop A P1 r max=2 patience=2 ms=3600000
         P1 stop A id=1 same   -> iterated heartbeat +told\n";
    for (steps, end) in [
        ("P1 stop A done -> loop_done heartbeat +told", "done"),
        ("P1 stop A done passed -> loop_done heartbeat +told", "done"),
        ("P1 stop A same\nP1 stop A -> loop_limit heartbeat +told", "failed"),
        ("hours 1\nP1 stop A -> loop_limit heartbeat +told", "failed"),
        ("P1 stop A same\nP1 stop A done -> loop_done heartbeat +told", "done"),
    ] {
        let done = if steps.matches("stop").count() == 2 { 2 } else { 1 };
        check(&format!("{begin}{steps}\n= r {end} A/P1 #1 at {done} archived\nP1 stop A -> heartbeat"));
    }
    for steps in [
        "P1 stop A done failed -> iterated heartbeat +told",
        "P1 stop A passed -> iterated heartbeat +told",
        "clock 86400000\nP1 stop A -> iterated heartbeat +told",
        "clock -86400000\nP1 stop A -> iterated heartbeat +told",
    ] {
        check(&format!("{begin}{steps}\n= r active A/P1 #1 at 2"));
    }
}

#[test]
fn a_loop_that_makes_no_progress_stops() {
    for word in ["same", "still"] {
        check(&format!(
            "P1 start A
             P1 prompt A id=1
             loop A P1 r patience=2
             P1 stop A {word}      -> iterated heartbeat +told
             P1 stop A {word}      -> iterated heartbeat +told
             P1 stop A             -> iterated heartbeat +told
             P1 stop A {word}      -> iterated heartbeat +told
             P1 stop A {word}      -> iterated heartbeat +told
             P1 stop A {word}      -> no_progress heartbeat +told
             = r failed A/P1 #1 at 5 archived"
        ));
    }
    check(
        "P1 start A
         P1 prompt A id=1
         loop A P1 r patience=2
         P1 stop A same id=1
         P1 stop A same id=1
         P1 prompt A id=1      -> heartbeat owner_present
         P1 stop A same id=1   -> iterated heartbeat +told",
    );
}

#[test]
fn an_interrupted_turn_pauses_a_loop_until_a_user_lets_it_go_on() {
    let begin = "P1 start A
         P1 prompt A id=1
         loop A P1 r
         P1 stop A id=1        -> iterated heartbeat +told\n";
    for steps in [
        "P1 prompt A id=2 -> turn_interrupted heartbeat owner_present +told",
        "P1 failure A -> service_failed heartbeat\nP1 prompt A id=2 -> heartbeat owner_present +told",
        "P1 interrupt A -> turn_interrupted heartbeat +told",
        "P1 failure A -> service_failed heartbeat\nP1 stop A -> heartbeat +told",
        "pause r -> paused\nP1 stop A -> heartbeat +told",
        "pause r -> paused\nP1 prompt A id=1 -> heartbeat owner_present +told",
    ] {
        check(&format!(
            "{begin}{steps}
             P1 stop A             -> heartbeat
             = r paused A/P1 #1 at 1
             pause r               -> paused
             P1 prompt A id=3      -> heartbeat owner_present
             continue r            -> continued
             continue r            -> continued
             P1 stop A id=3        -> iterated heartbeat +told
             = r active A/P1 #1 at 2"
        ));
    }
    for steps in [
        "P1 prompt A id=1 -> heartbeat owner_present",
        "P1 prompt A id=2 task -> heartbeat owner_present\nP1 prompt A id=2 -> heartbeat owner_present",
        "P1 prompt A -> heartbeat owner_present",
        "P1 stop A id=2 -> iterated heartbeat +told\nP1 prompt A id=2 -> heartbeat owner_present",
        "P1 compact A -> compacted owner_present",
    ] {
        let world = check(&format!("{begin}{steps}\nP1 stop A -> iterated heartbeat +told"));
        assert!(world.view("r").starts_with("r active"), "{steps}");
    }
}

#[test]
fn a_loop_waits_for_a_user_where_a_stop_may_have_gone_by() {
    let begin = "P1 start A
         P1 prompt A id=1
         loop A P1 r\n";
    for steps in [
        "late-stop P1 A -> stop_missed heartbeat\nP1 stop A -> heartbeat +told",
        "P1 stop A blind -> loop_unreadable heartbeat +told",
        "P1 stop A other -> loop_unreadable heartbeat +told",
    ] {
        check(&format!(
            "{begin}{steps}
             = r waiting A/P1 #1 at 0
             P1 stop A             -> heartbeat
             P1 prompt A id=2      -> heartbeat owner_present
             P1 stop A id=2        -> iterated heartbeat +told
             = r active A/P1 #1 at 1"
        ));
    }
    // Its duplicate was committed, so the missed Stop is the same event.
    check(&format!(
        "{begin}P1 stop A id=1 -> iterated heartbeat +told\nagain -> duplicate_event\n= r active A/P1 #1 at 1"
    ));
    check(&format!("{begin}P1 stop A refused -> check_refused heartbeat +told\n= r paused A/P1 #1 at 0"));
}

#[test]
fn the_clients_cap_on_blocked_stops_is_kept() {
    check(
        "P1 start A
         P1 prompt A id=1
         loop A P1 r
         P1 stop A cap=2       -> iterated heartbeat +told
         P1 stop A again cap=2 -> iterated heartbeat +told
         P1 stop A again cap=2 -> client_cap heartbeat +told
         = r waiting A/P1 #1 at 2
         P1 prompt A id=2      -> heartbeat owner_present
         P1 stop A id=2 cap=2  -> iterated heartbeat +told",
    );
}

#[test]
fn a_loop_that_nobody_can_see_stops_in_the_end() {
    let stops = |actor: &str| "ACTOR stop A -> iterated heartbeat +told\n".replace("ACTOR", actor).repeat(50);
    let begin =
        |actor: &str| format!("{actor} start A\n{actor} prompt A id=1\nloop A {actor} r max=99\n{}", stops(actor));
    check(&format!("{}D1 stop A -> unattended heartbeat +told", begin("D1")));
    check(&format!("{}D1 prompt A id=1\nD1 stop A -> iterated heartbeat +told", begin("D1").replace("id=1", "")));
    check(&format!("{}X1 stop A -> iterated heartbeat +told", begin("X1")));
}

#[test]
fn a_loop_goes_on_where_its_owner_goes_once_at_the_iteration_reached() {
    let begin = "P1 start A
         P1 prompt A id=1
         loop A P1 r
         P1 stop A id=1        -> iterated heartbeat +told\n";
    for end in ["kill P1", "reboot", "P1 end A"] {
        check(&format!(
            "{begin}{end}
             P2 start A resume     -> resumed_same_session launched +told
             P2 prompt A id=1      -> heartbeat owner_present
             P2 stop A id=1        -> iterated heartbeat +told
             P1 stop A
             = r active A/P2 #2 at 2"
        ));
    }
    for source in ["clear", "fork"] {
        check(&format!(
            "{begin}P1 end A
             P1 start B {source}   -> followed_in_process registered +told
             P1 prompt B id=7      -> heartbeat owner_present
             P1 stop B id=7        -> iterated heartbeat +told
             = r active B/P1 #2 at 2"
        ));
    }
    check(
        "X1 start A
         X1 prompt A id=1
         loop A X1 r
         X1 stop A             -> iterated heartbeat +told
         X1 start B clear      -> registered no_run run_left_loaded +told
         X1 stop B             -> heartbeat
         = r active A/X1 #1 at 1",
    );
}

#[test]
fn a_loop_that_was_cancelled_never_goes_round_again() {
    check(
        "P1 start A
         P1 prompt A id=1
         loop A P1 r
         P1 stop A             -> iterated heartbeat +told
         cancel r              -> cancelled
         P1 stop A             -> heartbeat +told
         P1 stop A             -> heartbeat
         pause r               -> already_ended
         continue r            -> already_ended
         = r cancelled A/P1 #1 at 1 archived",
    );
}

/// A loop ends by its own Stop, by a command from another terminal, or by its age. The user is told in the agent's
/// session until the notification is acknowledged.
#[test]
fn the_end_of_a_loop_is_told_until_it_is_known_to_be_written() {
    let begin = "P1 start A
         P1 prompt A id=1
         loop A P1 r max=1
         P1 stop A id=1        -> iterated heartbeat +told\n";
    for end in [
        "mute\nP1 stop A -> loop_limit heartbeat +told",
        "mute\nP1 stop A done -> loop_done heartbeat +told",
        "finish r P1 -> finished",
        "cancel r -> cancelled",
    ] {
        check(&format!(
            "{begin}{end}
             mute
             P1 stop A             -> heartbeat +told
             P1 prompt A id=2      -> heartbeat run_ended +told
             unmute
             P1 compact A          -> compacted run_ended +told
             P1 stop A             -> heartbeat
             P1 prompt A id=3      -> heartbeat run_ended"
        ));
        check(&format!(
            "{begin}{end}
             unmute
             kill P1
             P2 start A resume     -> launched run_ended +told
             P3 start A resume     -> launched run_ended"
        ));
    }
    check(&format!(
        "{begin}kill P1
         hours 200
         P2 start A resume     -> abandoned_stale launched +told
         P2 prompt A id=2      -> heartbeat run_ended
         adopt r A P2          -> adopted
         P2 prompt A id=3      -> heartbeat owner_present +told"
    ));
}

#[test]
fn a_loop_counts_by_itself() {
    check(
        "P1 start A
         loop A P1 r
         update r P1           -> iteration_counted_by_loop
         = r active A/P1 #1 at 0",
    );
    check("P1 start A\nrun A P1 r\npause r -> paused\nP1 prompt A -> heartbeat owner_present\n= r paused A/P1 #1");
}
