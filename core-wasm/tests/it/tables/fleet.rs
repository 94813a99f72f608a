//! Runs of a fleet: what a machine does about an owner that may be on another one.

use crate::world::script::check;

/// A session whose run is a run of the fleet, and whose owner `P1` runs on this machine.
const BEGIN: &str = "P1 start A\nP1 prompt A\nrun A P1 r\n";

/// The same, with a loop that has gone round once.
const LOOP: &str = "P1 start A\nP1 prompt A id=1\nloop A P1 r max=9\nP1 stop A id=1 -> iterated heartbeat +told\n";

#[test]
fn of_an_owner_here_the_local_rules_decide_and_then_its_lease() {
    for (standing, step, row) in [
        ("here", "", "owner_alive"),
        ("here-lapsed", "", "owner_alive"),
        ("here", "kill P1", "resumed_same_session"),
        ("here-lapsed", "kill P1", "resumed_same_session"),
        ("here", "reboot", "resumed_same_session"),
        ("here", "blind P1", "owner_alive"),
        ("here-lapsed", "blind P1", "owner_lapsed"),
        ("here", "container", "owner_alive"),
        ("here-lapsed", "container", "owner_lapsed"),
    ] {
        check(&format!("{BEGIN}fleet r {standing}\n{step}\nP2 start A resume -> {row} launched +told"));
    }
}

#[test]
fn of_an_owner_elsewhere_the_fleet_decides_alone() {
    for (standing, row) in [
        ("held", "owner_alive"),
        ("lapsed", "owner_lapsed"),
        ("ended", "resumed_same_session"),
        ("handed-over", "handed_over"),
    ] {
        // A cloned disk has the records, the machine id and even the processes of the original.
        for step in ["", "kill P1", "blind P1", "reboot", "P1 end A"] {
            check(&format!("{BEGIN}fleet r {standing}\n{step}\nP2 start A resume -> {row} launched +told"));
        }
    }
    for standing in ["unreachable", "unnamed"] {
        for step in ["", "kill P1", "reboot"] {
            check(&format!(
                "{BEGIN}fleet r {standing}
                 {step}
                 P2 start A resume     -> fleet_unreachable launched
                 P2 prompt A           -> fleet_unreachable heartbeat
                 = r active A/P1 #1"
            ));
        }
    }
}

#[test]
fn a_copy_of_the_owners_process_is_not_the_owner() {
    check(&format!(
        "{BEGIN}fleet r held
         P1 prompt A           -> owner_alive heartbeat +told
         update r P1           -> not_owner
         update r #1           -> not_owner
         update r #2           -> fence_stale
         verify r #1           -> not_owner
         finish r P1           -> not_owner
         adopt r A P1          -> owner_alive
         = r active A/P1 #1"
    ));
    check(&format!("{LOOP}fleet r held\nP1 stop A id=1 again -> heartbeat\n= r active A/P1 #1 at 1"));
    check(&format!("{BEGIN}fleet r ended\nP1 prompt A -> resumed_same_session heartbeat +told\n= r active A/P1 #2"));
}

#[test]
fn a_run_whose_owner_has_lapsed_moves_to_a_user() {
    let lapsed = format!("{BEGIN}fleet r lapsed\n");
    for event in ["start A resume", "start A fork"] {
        check(&format!("{lapsed}P2 {event} -> owner_lapsed launched +told\n= r active A/P2 #2"));
    }
    for event in ["start A resume headless", "start A startup"] {
        check(&format!(
            "{lapsed}
             P2 {event}            -> owner_unverifiable launched +told
             = r active A/P1 #1
             P2 prompt A task      -> owner_unverifiable heartbeat
             P2 prompt A headless  -> owner_unverifiable heartbeat
             P2 prompt A           -> owner_lapsed heartbeat +told
             = r active A/P2 #2"
        ));
        check(&format!("{lapsed}take-lapsed\nP2 {event} -> owner_lapsed launched +told\n= r active A/P2 #2"));
    }
    check(&format!("{BEGIN}fleet r held\ntake-lapsed\nP2 start A resume -> owner_alive launched +told"));
}

#[test]
fn only_a_run_whose_owner_is_gone_is_abandoned() {
    for (standing, row) in [
        ("held", "owner_alive"),
        ("lapsed", "owner_lapsed"),
        ("handed-over", "handed_over"),
        ("ended", "abandoned_stale"),
    ] {
        check(&format!("{BEGIN}fleet r {standing}\ndays 8\nP2 start A resume -> {row} launched +told"));
    }
    check(&format!("{BEGIN}fleet r lapsed\ndays 8\nP2 start A startup -> owner_unverifiable launched +told"));
    check(&format!("{BEGIN}fleet r unreachable\ndays 8\nP2 start A resume -> fleet_unreachable launched"));
}

#[test]
fn a_loop_waits_while_its_run_is_unreachable() {
    check(&format!(
        "{LOOP}
         fleet r unreachable
         P1 stop A id=1        -> fleet_unreachable heartbeat +told
         again                 -> duplicate_event
         = r active A/P1 #1 at 1
         P1 stop A done        -> fleet_unreachable heartbeat +told
         P1 prompt A id=2      -> fleet_unreachable heartbeat
         P1 stop A id=2        -> fleet_unreachable heartbeat +told
         P1 interrupt A        -> fleet_unreachable heartbeat
         P1 failure A          -> fleet_unreachable heartbeat
         = r active A/P1 #1 at 1
         fleet r here
         P1 prompt A id=3      -> heartbeat owner_present
         P1 stop A id=3        -> iterated heartbeat +told
         = r active A/P1 #1 at 2"
    ));
    // The next Stop goes on too, for instance after work in the background.
    check(&format!(
        "{LOOP}
         fleet r unreachable
         P1 stop A id=1        -> fleet_unreachable heartbeat +told
         fleet r here
         P1 stop A id=1        -> iterated heartbeat +told
         outbox A              ->"
    ));
}

#[test]
fn that_a_loop_waits_is_told_until_the_user_knows() {
    check(&format!(
        "{LOOP}
         fleet r unreachable
         mute
         P1 stop A id=1        -> fleet_unreachable heartbeat +told
         unmute
         P1 prompt A id=2      -> fleet_unreachable heartbeat +told
         P1 prompt A id=3      -> fleet_unreachable heartbeat"
    ));
    // Nobody reads a reply to a Stop from the inbox. What no longer holds is not said.
    check(&format!(
        "{LOOP}
         fleet r unreachable
         late-stop P1 A        -> fleet_unreachable heartbeat
         outbox A              -> fleet_unreachable
         P1 prompt A id=2      -> fleet_unreachable heartbeat +told
         fleet r here
         P1 prompt A id=3      -> heartbeat owner_present
         outbox A              ->"
    ));
}

#[test]
fn a_loop_that_waited_for_the_fleet_still_notices_an_interruption() {
    check(&format!(
        "{LOOP}
         fleet r unreachable
         P1 stop A id=1        -> fleet_unreachable heartbeat +told
         fleet r here
         P1 prompt A id=2      -> heartbeat owner_present
         P1 prompt A id=3      -> turn_interrupted heartbeat owner_present +told"
    ));
}

#[test]
fn an_unreachable_run_takes_no_command() {
    check(&format!(
        "{BEGIN}fleet r unreachable
         P2 start B
         update r #1           -> fleet_unreachable
         verify r P1           -> fleet_unreachable
         finish r #1           -> fleet_unreachable
         pause r               -> fleet_unreachable
         continue r            -> fleet_unreachable
         cancel r              -> fleet_unreachable
         adopt r B P2 take     -> fleet_unreachable
         run A P1 s            -> fleet_unreachable
         fleet t unreachable
         run B P2 t            -> fleet_unreachable
         = r active A/P1 #1"
    ));
    // What has ended for good is known without the database.
    check(&format!(
        "{BEGIN}cancel r
         fleet r unreachable
         cancel r              -> already_ended
         adopt r A P1          -> already_ended"
    ));
}

#[test]
fn a_command_of_another_machine_keeps_its_run_while_its_lease_lasts() {
    let begin = "with c S1             -> started\nattach c #1 K1 -> attached\n";
    for (standing, row) in [
        ("held", "owner_alive"),
        ("lapsed", "owner_unverifiable"),
        ("ended", "supervised_run_resumed"),
        ("unreachable", "fleet_unreachable"),
    ] {
        check(&format!("{begin}fleet c {standing}\nkill S1\nkill K1\nwith c S2 -> {row}"));
    }
    for more in ["with c S2 force", "take-lapsed\nwith c S2"] {
        check(&format!("{begin}fleet c lapsed\n{more} -> supervised_run_resumed\n= c active command/S2 #2"));
    }
    check("with c S1\nfleet c held\nattach c #1 K1 -> not_owner");
    check("with c S1\nfleet c unreachable\nattach c #1 K1 -> fleet_unreachable");
    check("fleet c unreachable\nwith c S1 -> fleet_unreachable");
    // An iteration of a command that does not own the run counts nothing, and owns nothing.
    for standing in ["held", "unreachable"] {
        check(&format!(
            "{begin}fleet c {standing}
             below c #1 K1
             P1 start A            -> supervised_iteration registered
             iterations c          -> 0"
        ));
    }
}

#[test]
fn a_user_adopts_what_has_lapsed_and_takes_what_has_not() {
    for (standing, plain, force, take) in [
        ("held", "owner_alive", "owner_alive", "adopted"),
        ("lapsed", "adopted", "adopted", "adopted"),
        ("ended", "adopted", "adopted", "adopted"),
        ("handed-over", "adopted", "adopted", "adopted"),
    ] {
        for (word, row) in [("", plain), ("force", force), ("take", take)] {
            check(&format!("{BEGIN}fleet r {standing}\nP2 start B\nadopt r B P2 {word} -> {row}"));
            // The same run, of a session that this machine does not know.
            check(&format!("P2 start B\nfleet s {standing}\nrefresh s\nadopt s B P2 {word} -> {row}"));
        }
    }
}

#[test]
fn what_has_lapsed_or_ended_elsewhere_is_offered() {
    for (standing, row) in [
        ("here", "registered no_run"),
        ("held", "registered no_run"),
        ("lapsed", "registered no_run run_offered +told"),
        ("ended", "registered no_run run_offered +told"),
        ("handed-over", "registered no_run"),
        ("unreachable", "registered no_run"),
    ] {
        check(&format!("{BEGIN}fleet r {standing}\nP2 start B -> {row}"));
        if standing != "here" {
            check(&format!("fleet s {standing}\nrefresh s\nP2 start B -> {row}"));
        }
    }
}

#[test]
fn a_cleared_session_leaves_its_run_where_the_fleet_says_it_is() {
    let left = |standing: &str, row: &str| {
        check(&format!("{BEGIN}fleet r {standing}\nP1 end A\nP1 start B clear -> {row}"));
    };
    left("here", "followed_in_process registered +told");
    left("unreachable", "fleet_unreachable registered");
    left("held", "registered no_run");
}
