//! Refreshes: what a row of a fleet run changes in its copy and in the sessions of this machine.

use agent_baton_core::reason::Reason;

use crate::world::script::check;

/// A session whose run is a run of the fleet, and whose owner `P1` runs on this machine.
const BEGIN: &str = "P1 start A\nP1 prompt A\nrun A P1 r\n";

/// The same, with a loop that has gone round once.
const LOOP: &str = "P1 start A\nP1 prompt A id=1\nloop A P1 r max=9\nP1 stop A id=1 -> iterated heartbeat +told\n";

#[test]
fn a_row_is_taken_where_it_is_newer() {
    let copy = format!("{BEGIN}fleet r here\n");
    for (row, after) in [
        ("at=4 rev=2", "r active A/P1 #1"),
        ("done rev=1", "r active A/P1 #1"),
        ("done rev=0", "r active A/P1 #1"),
        ("done rev=2", "r done A/P1 #1 archived"),
        ("A/P2 #2 rev=2", "r active A/P2 #2"),
        ("A/P2 #2 rev=1", "r active A/P1 #1"),
        // A row gives no run away without a new fence.
        ("A/P2 rev=2", "r active A/P1 #1"),
        ("A/P1 #0 rev=2", "r active A/P1 #1"),
    ] {
        check(&format!("{copy}refresh r {row} -> refreshed\n= {after}\nrefresh r {row}\n= {after}"));
    }
    check(&format!("{copy}cancel r\nrefresh r #7 active rev=9 -> refreshed\n= r cancelled A/P1 #1 archived"));
    check(&format!("{copy}break r\nrefresh r done -> record_unreadable"));
}

#[test]
fn a_run_of_another_machine_gets_a_copy() {
    check("refresh s at=2 -> refreshed\n= s active Z/P9 #1\nproject s -> /w");
    check("refresh s done -> refreshed\n= s done Z/P9 #1 archived");
    check("refresh s loop at=2 max=5 -> refreshed\n= s active Z/P9 #1 at 2");
    // A session that this machine knows gets the run, wherever its owner is, and also if it comes after the copy.
    check(
        "P2 start A
         fleet s held
         refresh s A/P9        -> refreshed
         names A               -> s
         P2 prompt A           -> owner_alive heartbeat +told",
    );
    check(
        "fleet s handed-over
         refresh s A/P9        -> refreshed
         P2 start A resume     -> handed_over registered +told
         = s active A/P2 #2",
    );
}

#[test]
fn what_a_session_lost_is_told_in_one_notification() {
    let world = check(&format!(
        "{BEGIN}fleet r held
         refresh r A/P9 #2     -> refreshed
         P1 prompt A           -> owner_alive heartbeat +told"
    ));
    let told: Vec<_> = world.said.iter().filter_map(|tell| Some(tell.id()?.reason)).collect();
    assert_eq!(told, [Reason::OwnershipLost]);
}

#[test]
fn a_session_that_loses_its_run_is_told() {
    check(&format!(
        "{BEGIN}fleet r held
         refresh r Z/P9 #2     -> refreshed
         names A               ->
         outbox A              -> ownership_lost
         P1 stop A             -> heartbeat +told
         P1 prompt A           -> heartbeat no_run
         P1 prompt A           -> heartbeat no_run
         = r active Z/P9 #2"
    ));
    // The same session, resumed on another machine.
    check(&format!(
        "{BEGIN}fleet r held
         refresh r A/P9 #2     -> refreshed
         names A               -> r
         mute
         P1 prompt A           -> owner_alive heartbeat +told
         unmute
         P1 prompt A           -> owner_alive heartbeat +told
         P1 prompt A           -> owner_alive heartbeat
         fleet r lapsed
         P1 prompt A           -> owner_lapsed heartbeat +told
         = r active A/P1 #3"
    ));
    // The run moved on again before the session was told.
    check(&format!(
        "{BEGIN}fleet r held
         refresh r Z/P9 #2
         refresh r Y/P8 #3
         outbox A              -> ownership_lost
         P1 prompt A           -> heartbeat no_run +told"
    ));
    // A commit that the database has and this machine lost: the owner is here.
    check(&format!(
        "{BEGIN}P2 start B
         fleet r here
         refresh r B/P2 #2     -> refreshed
         outbox A              ->
         names A               ->
         names B               -> r
         P2 prompt B           -> heartbeat owner_present +told
         P2 prompt B           -> heartbeat owner_present"
    ));
    // The database was restored, and the fence of the same owner grew.
    check(&format!(
        "{BEGIN}fleet r here
         refresh r #1001       -> refreshed
         names A               -> r
         P1 prompt A           -> heartbeat owner_present +told
         update r #1           -> fence_stale
         update r #1001        -> updated"
    ));
}

#[test]
fn the_old_owner_is_told_what_of_its_work_was_dropped() {
    for (row, expected) in [
        ("at=0", Some((0, 1))),
        // The new owner took that iteration over, as the row has it.
        ("at=1", None),
        ("at=5", None),
    ] {
        let world = check(&format!(
            "{LOOP}fleet r held\nrefresh r Z/P9 #2 {row} max=9 -> refreshed\noutbox A -> ownership_lost"
        ));
        assert_eq!(world.dropped("A"), expected, "{row}");
    }
}

#[test]
fn what_another_machine_does_to_a_run_reaches_its_owner() {
    check(&format!(
        "{LOOP}fleet r here
         refresh r paused      -> refreshed
         P1 stop A             -> heartbeat +told
         = r paused A/P1 #1 at 1
         refresh r active      -> refreshed
         outbox A              ->
         P1 prompt A id=2      -> heartbeat owner_present
         P1 stop A id=2        -> iterated heartbeat +told"
    ));
    check(&format!(
        "{LOOP}fleet r here
         refresh r cancelled   -> refreshed
         names A               ->
         outbox A              -> cancelled
         P1 stop A             -> heartbeat +told
         P1 prompt A           -> heartbeat run_ended
         = r cancelled A/P1 #1 at 1 archived"
    ));
    check(&format!("{LOOP}fleet r here\nrefresh r done\noutbox A -> loop_done"));
    check(&format!("{BEGIN}fleet r here\nrefresh r done\noutbox A -> \nP1 prompt A -> heartbeat run_ended"));
}

#[test]
fn what_the_owner_counted_without_the_database_stays() {
    check(&format!("{LOOP}fleet r here\nrefresh r at=0 max=9 -> refreshed\n= r active A/P1 #1 at 1"));
    check(&format!("{LOOP}fleet r here\nrefresh r at=5 max=9 -> refreshed\n= r active A/P1 #1 at 5"));
    check(&format!("{LOOP}fleet r held\nrefresh r A/P9 #2 at=0 max=9 -> refreshed\n= r active A/P9 #2 at 0"));
    // Stalled loops stay stalled: the counters are the owner's.
    check(
        "P1 start A
         loop A P1 r patience=2
         P1 stop A same        -> iterated heartbeat +told
         P1 stop A same        -> iterated heartbeat +told
         fleet r here
         refresh r             -> refreshed
         P1 stop A same        -> no_progress heartbeat +told",
    );
}

#[test]
fn a_copy_without_a_fleet_is_abandoned_and_can_be_ended_or_adopted_here() {
    for (cause, row) in [("left", "fleet_left"), ("replaced", "replaced_after_restore")] {
        let released =
            format!("{BEGIN}fleet r unreachable\nrun A P1 s -> fleet_unreachable\nrelease r {cause} -> {row}\n");
        check(&format!(
            "{released}
             = r abandoned A/P1 #1 archived
             names A               ->
             outbox A              -> {row}
             release r {cause}     -> already_ended
             verify r #1           -> already_ended
             P1 prompt A           -> heartbeat run_ended +told
             P1 prompt A           -> heartbeat run_ended"
        ));
        check(&format!("{released}run A P1 s -> started"));
        check(&format!("{released}cancel r -> cancelled\n= r cancelled A/P1 #1 archived"));
        check(&format!("{released}adopt r A P1 -> adopted\n= r active A/P1 #2\nupdate r #2 -> updated"));
        check(&format!(
            "{LOOP}fleet r unreachable\nrelease r {cause} -> {row}\nP1 prompt A -> heartbeat run_ended +told"
        ));
    }
    // The copy of another machine's run, and one that was abandoned before.
    check("fleet s held\nrefresh s -> refreshed\nrelease s left -> fleet_left\n= s abandoned Z/P9 #1 archived");
    check(
        "fleet s held
         refresh s abandoned   -> refreshed
         fleet s unreachable
         cancel s              -> fleet_unreachable
         release s left        -> fleet_left
         cancel s              -> cancelled",
    );
    // What has ended for good stays the fleet's.
    check("refresh s done\nrelease s left -> already_ended");
    check(&format!("{BEGIN}release r left -> already_ended\n= r active A/P1 #1"));
    // A machine that joins the same fleet again has its row again.
    check(&format!(
        "{BEGIN}fleet r unreachable
         release r left        -> fleet_left
         fleet r held
         refresh r A/P1 #1 active rev=2 -> refreshed
         = r active A/P1 #1"
    ));
}

#[test]
fn an_owner_whose_fence_grew_without_a_transfer_hears_of_the_restored_database() {
    check(&format!(
        "{BEGIN}fleet r here
         refresh r #1001 restored rev=1002 -> refreshed
         outbox A              -> database_restored
         P1 prompt A           -> heartbeat owner_present +told
         = r active A/P1 #1001"
    ));
}
