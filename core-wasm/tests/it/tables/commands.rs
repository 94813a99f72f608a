//! Supervised runs.

use crate::world::script::check;

#[test]
fn a_command_is_over_when_it_and_its_supervisor_are_gone() {
    check(
        "with r S1             -> started
         = r active command/S1 #1
         with r S2             -> owner_alive
         attach r #1 K1        -> attached
         attach r #1 K2        -> owner_alive
         kill S1
         with r S2             -> owner_alive
         blind K1
         with r S2             -> owner_unverifiable
         see K1
         kill K1
         held r
         with r S2             -> owner_unverifiable
         free
         with r S2             -> supervised_run_resumed
         = r active command/S2 #2
         attach r #1 K2        -> fence_stale
         attach r #2 K2        -> attached
         finish r #1           -> fence_stale
         finish r #2           -> finished
         with r S3             -> already_ended
         attach r #2 K3        -> already_ended",
    );
}

/// The agents that a command started, and its scripts: while one lives, no second command begins beside it.
#[test]
fn a_command_is_not_over_while_something_lives_that_it_started() {
    check(
        "with r S1             -> started
         attach r #1 K1        -> attached
         kill S1
         kill K1
         survives P1
         with r S2             -> iteration_alive
         = r active command/S1 #1
         survives
         with r S2             -> owner_unverifiable
         survives P1
         with r S2 force       -> iteration_alive
         alone
         with r S2             -> supervised_run_resumed
         finish r #2           -> finished
         survives P1 K2
         with s S3             -> iteration_alive
         = s none
         alone
         with s S3             -> started",
    );
}

#[test]
fn a_command_of_another_boot_is_gone_and_one_of_another_machine_is_not_known() {
    check(
        "with r S1             -> started
         attach r #1 K1        -> attached
         elsewhere
         with r S2             -> owner_unverifiable
         with r S2 force       -> supervised_run_resumed
         = r active command/S2 #2
         cancel r              -> cancelled",
    );
    check(
        "with r S1             -> started
         attach r #1 K1        -> attached
         elsewhere
         with r S2             -> owner_unverifiable
         back
         with r S2 force       -> owner_alive
         reboot
         with r S3             -> supervised_run_resumed
         cancel r              -> cancelled
         with r S4             -> already_ended
         attach r #2 K4        -> already_ended
         = r cancelled command/S3 #2 archived",
    );
}

#[test]
fn sessions_below_a_command_are_its_iterations_and_own_nothing() {
    check(
        "with r S1             -> started
         below r #1 K1
         # The command is not known yet: nothing is believed.
         P1 start A            -> registered no_run
         attach r #1 K1        -> attached
         iterations r          -> 0
         P2 start B            -> supervised_iteration registered
         P2 prompt B           -> heartbeat
         P2 stop B             -> heartbeat
         iterations r          -> 1
         run B P2 mine         -> supervised_iteration
         adopt r A P1 take     -> supervised_run
         P3 start C            -> supervised_iteration registered
         iterations r          -> 2
         # An agent in a tool of another owns nothing either, and is no iteration more.
         below r #1 P3 K1
         P4 start D            -> supervised_iteration registered
         run D P4 mine         -> supervised_iteration
         iterations r          -> 2
         # Another number, another process above: not of this command.
         below r #2 K1
         P5 start E            -> registered no_run
         below r #1 K2
         P6 start F            -> registered no_run
         apart
         P7 start G            -> registered no_run
         iterations r          -> 2
         = r active command/S1 #1",
    );
}

#[test]
fn an_iteration_takes_no_run_over_and_is_offered_none() {
    check(
        "P1 start A
         P1 prompt A
         run A P1 mine
         kill P1
         with r S1
         attach r #1 K1
         below r #1 K1
         P2 start A resume     -> supervised_iteration launched
         P3 start B            -> supervised_iteration registered
         P3 prompt B           -> heartbeat
         = mine active A/P1 #1
         kill P2
         apart
         P4 start A resume     -> resumed_same_session launched +told
         = mine active A/P4 #2
         kill S1
         kill K1
         # Nobody is offered what only the command goes on with.
         P5 start C            -> registered no_run
         P5 prompt C           -> heartbeat no_run",
    );
}

#[test]
fn what_runs_below_the_command_may_advance_its_run() {
    check(
        "with r S1
         attach r #1 K1
         update r #1           -> updated
         update r P1           -> not_owner
         update r K1           -> not_owner",
    );
}
