//! Records that are superseded, full, archived, unreadable or deleted.

use crate::world::script::check;

#[test]
fn only_an_empty_session_is_superseded() {
    check(
        "P1 start A
         P1 start B resume     -> switched registered no_run superseded
         = A P1:switched over:superseded archived
         P1 start A resume     -> switched launched no_run
         = A P1",
    );
    for kept in ["P1 prompt A", "run A P1 r", "pin A"] {
        let world = check(&format!("P1 start A\n{kept}\nP1 start B resume"));
        assert_eq!(world.view("A"), "A P1:switched over:ended", "{kept}");
    }
}

#[test]
fn a_reused_pane_is_taken_off_a_dead_launch_alone() {
    check(
        "P1 start A
         P1 prompt A
         kill P1
         pane P2 %801
         P2 start B            -> registered no_run pane_reused
         = A P1?",
    );
    check("P1 start A\nP1 prompt A\npane P2 %801\nP2 start B -> registered no_run\n= A P1");
    check("P1 start A\nkill P1\npane P2 %801\nP2 start B -> registered no_run superseded");
}

#[test]
fn a_record_that_is_full_keeps_the_launch_that_owns_its_run() {
    let windows: String =
        (2..20).map(|n| format!("P{n} start A resume -> owner_alive launched +told\nP{n} end A\n")).collect();
    check(&format!(
        "P1 start A\nrun A P1 r\n{windows}kill P1\nP20 start A resume -> resumed_same_session launched +told"
    ));
}

#[test]
fn a_session_that_gets_a_run_leaves_the_archive() {
    for gets in ["run A P1 r", "adopt s A P1 take"] {
        let world = check(&format!(
            "P1 start A
             P2 start C
             P2 prompt C
             run C P2 s
             kill P1
             pane P3 %801
             P3 start B            -> registered no_run superseded
             elsewhere
             {gets}"
        ));
        assert_eq!(world.view("A"), "A P1", "{gets}");
    }
}

#[test]
fn a_record_stays_small_where_nobody_can_tell_what_lives() {
    let windows: String = (2..40).map(|n| format!("container\nP{n} start A resume\n")).collect();
    let world = check(&format!("P1 start A\nrun A P1 r\n{windows}"));
    let launches = &world.sessions["A"].0.launches;
    let numbers: Vec<String> = launches.iter().map(|launch| world.label(&launch.process)).collect();
    assert_eq!((numbers.len(), numbers[0].as_str(), numbers[15].as_str()), (16, "P1", "P39"));
}

#[test]
fn an_announcement_that_was_overtaken_changes_nothing() {
    check(
        "P1 start S
         P1 prompt S
         run S P1 r
         late-start P1 B 3500  -> late_event
         = S P1
         P2 start S resume     -> owner_alive launched +told",
    );
}

#[test]
fn what_waited_does_not_swallow_the_next_event_of_the_same_bytes() {
    check(
        "P1 start A
         P1 start B            -> switched registered no_run superseded
         late-start P1 B 900   -> announced no_run
         repeat 500            -> announced no_run
         again                 -> duplicate_event",
    );
}

#[test]
fn an_offer_that_no_reply_carried_is_made_at_the_first_prompt() {
    check(
        "P1 start A
         P1 prompt A
         run A P1 r
         kill P1
         P2 stop B             -> registered no_run
         P2 prompt B           -> heartbeat no_run run_offered +told
         P2 prompt B           -> heartbeat no_run",
    );
}

#[test]
fn an_archived_record_comes_back_by_whatever_its_process_sends() {
    check(
        "X1 start A
         unlock X1
         pane X2 %881
         X2 start B            -> registered no_run superseded
         = A X1 over:superseded archived
         X1 stop A             -> announced no_run
         = A X1",
    );
}

#[test]
fn nothing_is_followed_past_a_record_that_cannot_be_read() {
    check(
        "P1 start A
         P1 prompt A
         run A P1 r
         P1 start B resume
         P1 prompt B
         break B
         P1 start C clear      -> registered no_run run_offered +told
         = r active A/P1 #1",
    );
}

#[test]
fn nothing_brings_a_deleted_session_back() {
    check(
        "P1 start A
         P1 prompt A
         delete A
         P1 stop A             -> deleted
         P1 prompt A           -> deleted
         P1 end A              -> deleted
         P2 start A resume     -> deleted
         run A P1 r            -> deleted
         = A P1 deleted
         = r none",
    );
}

#[test]
fn a_deleted_session_is_nobodys_neighbour() {
    check(
        "P1 start A
         P1 prompt A
         delete A
         P1 start B clear      -> registered no_run
         = A P1 deleted
         = B P1",
    );
}
