//! The decision tables, row by row, as short histories.

mod world;

use world::script::check;

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
         P1 hang-up A          -> hung_up
         = A P1:hung_up
         P1 hang-up A          -> hung_up
         P2 start A resume     -> launched no_run
         P2 end A              -> ended
         = A P1:hung_up,P2:ended over:ended",
    );
    check("P1 start A\nP2 start A resume\nP1 end A -> ended\nP2 hang-up A -> hung_up\n= A P1:ended,P2:hung_up");
    check(
        "P1 start A\nP2 start A resume\nP1 hang-up A -> hung_up\nP2 end A -> ended\n= A P1:hung_up,P2:ended over:ended",
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
         X1 start B clear      -> registered no_run run_offered +told
         X1 start B clear      -> announced no_run
         = r active A/X1 #1",
    );
    check("D1 start A\nD1 prompt A\nrun A D1 r\nD1 start B -> registered no_run");
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
fn one_event_delivered_twice_acts_once_and_speaks_once() {
    check(
        "P1 start A
         again                 -> delivered_twice
         run A P1 r
         kill P1
         P2 start A resume     -> resumed_same_session launched +told
         again                 -> delivered_twice
         P2 prompt A           -> heartbeat owner_present
         again                 -> delivered_twice
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
    // A launch that was forgotten for sixteen others is not told again.
    let others: String = (3..21).map(|n| format!("P{n} start A resume\n")).collect();
    check(&format!(
        "P1 start A
         run A P1 r
         P2 start A resume     -> owner_alive launched +told
         {others}
         P2 prompt A           -> owner_alive launched"
    ));
    // What holds no longer is not told.
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
    // In the same launch, and in the next one where that was killed with its hook.
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
    // Adopted meanwhile, it is offered no more.
    check(&format!(
        "{lost}
         adopt r B P2          -> adopted
         P2 prompt B           -> heartbeat owner_present +told
         P2 prompt B           -> heartbeat owner_present"
    ));
}

#[test]
fn nothing_gets_past_a_tombstone() {
    check(
        "P1 start A
         run A P1 r
         cancel r              -> cancelled
         = r cancelled A/P1 #1 archived
         update r P1           -> already_over
         finish r P1           -> already_over
         adopt r A P1 take     -> already_over
         cancel r              -> already_over
         kill P1
         P2 start A resume     -> launched run_over
         = r cancelled A/P1 #1 archived
         run A P2 s            -> started",
    );
}

#[test]
fn a_writer_needs_the_present_number_or_a_place_beneath_the_owner() {
    check(
        "P1 start A
         run A P1 r
         run A P1 s            -> session_owns_run
         update r P1           -> updated
         update r #1           -> updated
         update r P2           -> not_owner
         update r #2           -> fence_old
         kill P1
         P2 start A resume
         update r #1           -> fence_old
         update r P1           -> not_owner
         verify r #2           -> verified
         update r P2           -> updated
         finish r P2           -> finished
         = r done A/P2 #2 archived
         P2 prompt A           -> heartbeat run_over",
    );
}

#[test]
fn a_person_may_adopt_knowingly() {
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
         P2 start A resume     -> abandoned_stale launched
         = r abandoned A/P1 #1 archived
         P2 prompt A           -> heartbeat run_over
         adopt r A P2          -> adopted
         = r active A/P2 #2",
    );
    check("P1 start A\nrun A P1 r\nkill P1\ndays 6\nP2 start A resume -> resumed_same_session launched +told");
    check("P1 start A\nrun A P1 r\ndays 8\nP2 start A resume -> owner_alive launched +told");
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
         again                 -> delivered_twice",
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
fn a_record_that_was_put_away_comes_back_by_whatever_its_process_sends() {
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
         with r S2             -> command_resumed
         = r active command/S2 #2
         attach r #1 K2        -> fence_old
         attach r #2 K2        -> attached
         finish r #1           -> fence_old
         finish r #2           -> finished
         with r S3             -> already_over
         attach r #2 K3        -> already_over",
    );
}

#[test]
fn a_command_of_another_boot_is_gone_and_one_of_another_machine_is_not_known() {
    check(
        "with r S1             -> started
         attach r #1 K1        -> attached
         elsewhere
         with r S2             -> owner_unverifiable
         back
         reboot
         with r S3             -> command_resumed
         cancel r              -> cancelled
         with r S4             -> already_over
         attach r #2 K4        -> already_over
         = r cancelled command/S3 #2 archived",
    );
}

#[test]
fn sessions_beneath_a_command_are_its_iterations_and_own_nothing() {
    check(
        "with r S1             -> started
         beneath r #1 K1
         # The command is not known yet: nothing is believed.
         P1 start A            -> registered no_run
         attach r #1 K1        -> attached
         iterations r          -> 0
         P2 start B            -> iteration_of_command registered
         P2 prompt B           -> heartbeat
         P2 stop B             -> heartbeat
         iterations r          -> 1
         run B P2 mine         -> iteration_of_command
         adopt r A P1 take     -> driven_by_command
         P3 start C            -> iteration_of_command registered
         iterations r          -> 2
         # An agent in a tool of another owns nothing either, and is no iteration more.
         beneath r #1 P3 K1
         P4 start D            -> iteration_of_command registered
         run D P4 mine         -> iteration_of_command
         iterations r          -> 2
         # Another number, another process above: not of this command.
         beneath r #2 K1
         P5 start E            -> registered no_run
         beneath r #1 K2
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
         beneath r #1 K1
         P2 start A resume     -> iteration_of_command launched
         P3 start B            -> iteration_of_command registered
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
fn what_stands_beneath_the_command_may_advance_its_run() {
    check(
        "with r S1
         attach r #1 K1
         update r #1           -> updated
         update r P1           -> not_owner
         update r K1           -> not_owner",
    );
}

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
         again                 -> delivered_twice
         repeat 150            -> delivered_twice
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
fn an_interrupted_turn_pauses_a_loop_until_a_person_lets_it_go_on() {
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
fn a_loop_waits_for_a_person_where_a_stop_may_have_gone_by() {
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
    // Its twin was committed: the note is of the same event.
    check(&format!(
        "{begin}P1 stop A id=1 -> iterated heartbeat +told\nagain -> delivered_twice\n= r active A/P1 #1 at 1"
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
         X1 start B clear      -> registered no_run run_offered +told
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
         pause r               -> already_over
         continue r            -> already_over
         = r cancelled A/P1 #1 at 1 archived",
    );
}

/// By its own Stop, by a word from another terminal, by its age: the person hears of it where the agent is, once it is known to be written.
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
             P1 prompt A id=2      -> heartbeat run_over +told
             unmute
             P1 compact A          -> compacted run_over +told
             P1 stop A             -> heartbeat
             P1 prompt A id=3      -> heartbeat run_over"
        ));
        check(&format!(
            "{begin}{end}
             unmute
             kill P1
             P2 start A resume     -> launched run_over +told
             P3 start A resume     -> launched run_over"
        ));
    }
    check(&format!(
        "{begin}kill P1
         hours 200
         P2 start A resume     -> abandoned_stale launched +told
         P2 prompt A id=2      -> heartbeat run_over
         adopt r A P2          -> adopted
         P2 prompt A id=3      -> heartbeat owner_present +told"
    ));
}

#[test]
fn a_loop_counts_by_itself() {
    check(
        "P1 start A
         loop A P1 r
         update r P1           -> loop_counts
         = r active A/P1 #1 at 0",
    );
    check("P1 start A\nrun A P1 r\npause r -> paused\nP1 prompt A -> heartbeat owner_present\n= r paused A/P1 #1");
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
