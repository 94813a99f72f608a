//! Stops at which the agent waits for work of its own.

use crate::world::script::check;

const BEGIN: &str = "P1 start A
     P1 prompt A id=1
     loop A P1 r max=3 patience=2\n";

#[test]
fn a_stop_with_work_in_the_background_passes_uncounted() {
    let stop = "P1 stop A same still work=b -> background_work heartbeat\n";
    check(&format!(
        "{BEGIN}P1 stop A same still work=b -> background_work heartbeat +told
         {}
         = r active A/P1 #1 at 0
         P1 prompt A task      -> heartbeat owner_present
         P1 stop A             -> iterated heartbeat +told
         = r active A/P1 #1 at 1",
        stop.repeat(6)
    ));
    // A new task is told, one that is gone is not.
    check(&format!(
        "{BEGIN}P1 stop A work=b -> background_work heartbeat +told
         P1 stop A work=b,c    -> background_work heartbeat +told
         P1 stop A work=c      -> background_work heartbeat
         P1 stop A             -> iterated heartbeat +told"
    ));
    // The turn is over: a user's prompt begins the next, and interrupts nothing.
    check(&format!(
        "{BEGIN}P1 stop A id=1 work=b -> background_work heartbeat +told
         P1 prompt A id=2      -> heartbeat owner_present
         P1 stop A id=2        -> iterated heartbeat +told"
    ));
}

#[test]
fn what_ends_a_loop_ends_it_although_work_runs() {
    for (steps, end) in [
        ("P1 stop A done work=b -> loop_done heartbeat +told", "done"),
        ("P1 stop A done passed work=b -> loop_done heartbeat +told", "done"),
        ("cancel r -> cancelled\nP1 stop A work=b -> heartbeat +told", "cancelled"),
    ] {
        check(&format!("{BEGIN}{steps}\n= r {end} A/P1 #1 at 0 archived"));
    }
    check(
        "P1 start A
         loop A P1 r ms=1000
         hours 1
         P1 stop A work=b      -> loop_limit heartbeat +told",
    );
    // Paused, refused or without its texts it waits for nobody's work.
    check(&format!("{BEGIN}pause r\nP1 stop A work=b -> heartbeat +told\n= r paused A/P1 #1 at 0"));
    check(&format!("{BEGIN}P1 stop A refused work=b -> check_refused heartbeat +told"));
    check(&format!("{BEGIN}P1 stop A blind work=b -> loop_unreadable heartbeat +told"));
}

#[test]
fn in_its_last_round_a_loop_waits_for_the_result() {
    let rounds = "P1 stop A -> iterated heartbeat +told\n".repeat(3);
    check(&format!(
        "{BEGIN}{rounds}P1 stop A work=b -> background_work heartbeat +told
         P1 stop A done        -> loop_done heartbeat +told"
    ));
    check(&format!(
        "{BEGIN}{rounds}P1 stop A work=b -> background_work heartbeat +told
         P1 stop A             -> loop_limit heartbeat +told"
    ));
}

#[test]
fn a_task_that_never_ends_holds_a_loop_up_ten_times_or_an_hour() {
    let more = |words: &str, count: usize| format!("P1 stop A {words} -> background_work heartbeat\n").repeat(count);
    check(&format!(
        "{BEGIN}P1 stop A work=server -> background_work heartbeat +told
         {}
         P1 stop A work=server -> iterated heartbeat +told
         P1 stop A work=server -> iterated heartbeat +told
         P1 stop A work=server,b -> background_work heartbeat +told
         P1 stop A work=server -> iterated heartbeat +told
         = r active A/P1 #1 at 3",
        more("work=server", 9)
    ));
    check(&format!(
        "{BEGIN}P1 stop A work=server -> background_work heartbeat +told
         hours 1
         P1 stop A work=server -> iterated heartbeat +told"
    ));
    // A user's word ends the wait for what runs now.
    check(&format!(
        "{BEGIN}P1 stop A work=server -> background_work heartbeat +told
         continue r            -> continued
         P1 prompt A id=2
         P1 stop A work=server -> iterated heartbeat +told
         P1 stop A work=b      -> background_work heartbeat +told"
    ));
    // One that schedules itself anew is another task each time.
    let anew: String =
        (0..50).map(|n| format!("P1 stop A work=cron{n} -> background_work heartbeat +told\n")).collect();
    check(&format!("{BEGIN}{anew}P1 stop A work=cron50 -> iterated heartbeat +told"));
}

#[test]
fn another_process_waits_for_nothing_of_the_owner_before() {
    check(&format!(
        "{BEGIN}P1 stop A work=b -> background_work heartbeat +told
         kill P1
         P2 start A resume     -> resumed_same_session launched +told
         P2 prompt A id=1
         P2 stop A id=1        -> iterated heartbeat +told
         = r active A/P2 #2 at 1"
    ));
}
