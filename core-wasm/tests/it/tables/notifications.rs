//! Events that act once, and notifications that are repeated until they are acknowledged.

use crate::world::script::check;

#[test]
fn one_event_delivered_twice_acts_once_and_speaks_once() {
    check(
        "P1 start A
         again                 -> duplicate_event
         run A P1 r
         kill P1
         P2 start A resume     -> resumed_same_session launched +told
         again                 -> duplicate_event
         P2 prompt A           -> heartbeat owner_present
         again                 -> duplicate_event
         = r active A/P2 #2",
    );
}

#[test]
fn a_change_of_owner_is_told_until_it_is_known_to_be_written() {
    check(
        "P1 start A
         run A P1 r
         kill P1
         mute
         P2 start A resume     -> resumed_same_session launched +told
         P2 stop A             -> heartbeat
         P2 prompt A           -> heartbeat owner_present +told
         unmute
         P2 prompt A           -> heartbeat owner_present +told
         P2 prompt A           -> heartbeat owner_present",
    );
}

#[test]
fn whatever_is_told_is_told_until_it_is_known_to_be_written_and_once_then() {
    check(
        "P1 start A
         run A P1 r
         mute
         P2 start A resume     -> owner_alive launched +told
         P2 stop A             -> heartbeat
         P2 prompt A           -> owner_alive heartbeat +told
         unmute
         P3 start A resume     -> owner_alive launched +told
         P2 prompt A           -> owner_alive heartbeat +told
         P2 prompt A           -> owner_alive heartbeat
         P3 prompt A           -> owner_alive heartbeat
         P2 start A resume     -> owner_alive announced",
    );
    // Removing a launch from the record to make room for sixteen others does not repeat its notification.
    let others: String = (3..21).map(|n| format!("P{n} start A resume\n")).collect();
    check(&format!(
        "P1 start A
         run A P1 r
         P2 start A resume     -> owner_alive launched +told
         {others}
         P2 prompt A           -> owner_alive launched"
    ));
    // A condition that no longer holds is not reported.
    check(
        "P1 start A
         run A P1 r
         mute
         P2 start A resume     -> owner_alive launched +told
         unmute
         P1 end A              -> ended
         P2 prompt A           -> resumed_same_session heartbeat +told
         P2 prompt A           -> heartbeat owner_present",
    );
}

#[test]
fn a_run_is_offered_until_the_offer_is_known_to_be_written() {
    let lost = "P1 start A
         P1 prompt A
         run A P1 r
         kill P1
         mute
         P2 start B            -> registered no_run run_offered +told
         P2 prompt B           -> heartbeat no_run run_offered +told
         unmute\n";
    // The notification is repeated in the same launch, and in the next one if that launch was killed with its hook.
    check(&format!(
        "{lost}
         P2 prompt B           -> heartbeat no_run run_offered +told
         P2 prompt B           -> heartbeat no_run
         P3 start B resume     -> launched no_run"
    ));
    check(&format!(
        "{lost}
         kill P2
         P3 start B resume     -> launched no_run run_offered +told
         P3 prompt B           -> heartbeat no_run"
    ));
    // A run that was adopted meanwhile is not offered any more.
    check(&format!(
        "{lost}
         adopt r B P2          -> adopted
         P2 prompt B           -> heartbeat owner_present +told
         P2 prompt B           -> heartbeat owner_present"
    ));
}
