//! Cases that other session managers met, tested against the rules. There is one test for each case of `docs/PEERS.md`
//! that is a decision, named after the case's id. Cases that need files, locks or real processes are in
//! `tests/it/ownership/prior_art.rs`.

use crate::world::World;
use crate::world::script::check;
use agent_baton_core::decide::decide_bytes;
use agent_baton_core::decision::Decision;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::LockState;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Command, Input, Limits, PROTOCOL, Request, Snapshot};
use agent_baton_core::run::{Status, StopReason};
use agent_baton_core::timestamp::Timestamp;
use serde_json::json;

/// Defines one test for each case. A case is a script of the world.
macro_rules! peers {
    ($($(#[$doc:meta])* $id:ident: $script:literal;)+) => {
        $(
            $(#[$doc])*
            #[test]
            fn $id() {
                check($script);
            }
        )+
    };
}

/// Returns the world after a script.
fn after(script: &str) -> World {
    check(script)
}

/// Plays one more step and compares the rows.
fn then(world: &mut World, step: &str, rows: &str) {
    assert_eq!(world.step(step), rows, "{step}");
}

peers! {
    /// The owner continues, and its current pane is recorded. Another session's run in the same project does not
    /// change.
    omx_009_current_active_rebind:
        "X1 start A
         run A X1 r
         X3 start B
         run B X3 s
         pane X1 %9
         X1 start A resume     -> announced owner_present
         = r active A/X1 #1
         = s active B/X3 #1";

    /// Two sessions share the project and the pane. Only the run's own session continues the run.
    omx_017_session_id_beats_thread:
        "X1 start A
         X1 prompt A
         run A X1 r
         pane X2 %881
         X2 start B            -> registered no_run
         kill X1
         X2 start B resume     -> announced no_run run_offered pane_reused +told
         X2 prompt B           -> heartbeat no_run
         = r active A/X1 #1";

    /// An event without a session id has no claim, whatever else it contains.
    omx_018_no_identity_on_either_side:
        "X1 start A
         run A X1 r
         kill X1
         X2 start -            -> identity_missing
         X2 prompt -           -> identity_missing
         = r active A/X1 #1";

    omx_021_no_match:
        "X1 start A
         X1 prompt A
         run A X1 r
         kill X1
         X2 start B resume     -> registered no_run run_offered +told
         = r active A/X1 #1";

    omx_028_terminal_cancelled:
        "X1 start A
         run A X1 r
         cancel r
         kill X1
         X2 start A resume     -> launched run_ended
         X2 prompt A           -> heartbeat run_ended
         = r cancelled A/X1 #1 archived";

    /// A session whose own run has ended does not get another session's run. baton offers that run to the user.
    omx_031_inactive_current_blocks:
        "X1 start A
         X1 prompt A
         run A X1 r
         X3 start B
         X3 prompt B
         run B X3 s
         cancel r
         kill X1
         kill X3
         X2 start A resume     -> launched run_ended run_offered +told
         = s active B/X3 #1
         = r cancelled A/X1 #1 archived";

    /// Changed: age matters only if the owner is gone. An owner that sends a heartbeat is never stale, however long it
    /// was silent.
    omx_038_stale_current:
        "X1 start A
         run A X1 r
         days 8
         X1 prompt A           -> heartbeat owner_present
         = r active A/X1 #1
         days 8
         kill X1
         X2 start A resume     -> abandoned_stale launched +told
         = r abandoned A/X1 #1 archived";

    /// The newest activity counts: here the last heartbeat in the session's log.
    omx_039_fresh_turn_beats_old_update:
        "X1 start A
         run A X1 r
         days 8
         X1 stop A             -> heartbeat
         kill X1
         X2 start A resume     -> resumed_same_session launched +told
         = r active A/X2 #2";

    /// The newest activity counts: here the owner's last announcement, when its pane was recorded.
    omx_040_pane_set_at_counts:
        "X1 start A
         run A X1 r
         days 8
         X1 start A resume     -> announced owner_present
         kill X1
         X2 start A resume     -> resumed_same_session launched +told
         = r active A/X2 #2";

    /// Changed: the threshold is 7 days, because users come back after a weekend.
    omx_043_default_24h_fresh:
        "X1 start A
         run A X1 r
         kill X1
         hours 167
         X2 start A resume     -> resumed_same_session launched +told
         = r active A/X2 #2";

    omx_044_default_24h_stale:
        "X1 start A
         run A X1 r
         kill X1
         hours 168
         X2 start A resume     -> abandoned_stale launched +told
         = r abandoned A/X1 #1 archived";

    /// An ended run does not change any more, even if its owner's pane does.
    omx_050_stale_terminal_current:
        "X1 start A
         run A X1 r
         finish r X1           -> finished
         pane X1 %77
         X1 start A resume     -> announced run_ended
         days 8
         X1 prompt A           -> heartbeat run_ended
         = r done A/X1 #1 archived";

    omx_064_pointer_pid_reused:
        "X1 start A
         run A X1 r
         reuse X1
         X2 start A resume     -> resumed_same_session launched +told
         = r active A/X2 #2";

    /// If the start time cannot be read, an existing pid proves neither that the owner is alive nor that it is gone.
    omx_068_stale_fn_other_os:
        "X1 start A
         run A X1 r
         blind X1
         X2 start A resume     -> owner_unverifiable launched +told
         = r active A/X1 #1
         reuse X1
         see X1
         X2 prompt A           -> resumed_same_session heartbeat +told
         = r active A/X2 #2";

    /// The run neither moves nor changes. Only its owner, or an explicit order of the user, can move it.
    omx_080_v0203_foreign_owner:
        "X1 start A
         run A X1 r
         X2 start B
         update r X2           -> not_owner
         finish r X2           -> not_owner
         adopt r B X2          -> owner_alive
         = r active A/X1 #1";

    /// Changed: there is no pointer to a current session. The session's own record begins and ends, and is kept.
    omx_082_pointer_start_end:
        "X1 start A            -> registered no_run
         = A X1
         X1 end A              -> ended
         = A X1:ended over:ended";

    /// The session stays the same. The new process is one more launch of it.
    omx_084_native_start_keeps_launch_id:
        "X1 start A
         X1 end A
         X2 start A resume     -> launched no_run
         = A X1:ended,X2";

    /// The panes differ, so neither session supersedes the other.
    amc_004_different_panes_kept:
        "P1 start A
         kill P1
         P2 start B            -> registered no_run
         = A P1
         = B P2";

    amc_006_single_unchanged:
        "P1 start A            -> registered no_run
         P1 prompt A           -> heartbeat no_run
         P1 start A resume     -> announced no_run
         = A P1";

    /// Two unknown panes are not the same pane.
    amc_007_no_pane_unchanged:
        "D1 start A
         kill D1
         D2 start B            -> registered no_run
         = A D1?
         = B D2?";

    /// The empty session is superseded, whichever came first, and moves to the archive.
    amc_003_no_context_newer_wins:
        "P1 start A
         kill P1
         pane P2 %801
         P2 start B            -> registered no_run superseded
         = A P1 over:superseded archived
         = B P2";

    /// Changed: a session with a conversation is kept beside the newer one. It only loses its pane, and nothing is
    /// deleted.
    amc_001_context_beats_none:
        "P1 start A
         P1 prompt A
         kill P1
         pane P2 %801
         P2 start B            -> registered no_run pane_reused
         = A P1?
         = B P2
         kill P2
         pane P3 %801
         P3 start C            -> registered no_run superseded
         = A P1?
         = B P2 over:superseded archived";

    amc_011_three_way:
        "pane P2 %801
         P1 start A
         P2 start B            -> registered no_run
         kill P1
         kill P2
         pane P3 %801
         P3 start C            -> registered no_run superseded
         = A P1 over:superseded archived
         = B P2 over:superseded archived
         = C P3";

    /// The ended conversation stays, however long the new one is alive.
    amc_020_history_lost_on_pane_reuse:
        "P1 start A
         P1 prompt A
         P1 end A
         pane P2 %801
         P2 start B            -> registered no_run pane_reused
         P2 prompt B           -> heartbeat no_run
         P2 start B resume     -> announced no_run
         P2 end B
         = A P1?:ended over:ended";

    amc_032_starting_without_terminal_kept:
        "D1 start A
         X2 start B            -> registered no_run
         days 30
         X3 start C            -> registered no_run
         = A D1?";

    /// A missing process proves the end. A process that cannot be probed proves nothing.
    amc_036_no_terminal_sessions_is_unknown:
        "P1 start A
         run A P1 r
         blind P1
         P2 start A resume     -> owner_unverifiable launched +told
         = r active A/P1 #1
         kill P1
         P2 prompt A           -> resumed_same_session heartbeat +told
         = r active A/P2 #2";

    /// Changed: a process that has only started counts like any other. Only the process's liveness decides.
    amc_040_dead_starting_never:
        "P1 start A
         run A P1 r
         kill P1
         P2 start A resume     -> resumed_same_session launched +told
         = r active A/P2 #2";

    /// Changed: the pane outlives its agent, so it proves nothing about liveness.
    amc_042_dead_claude_terminal_known:
        "P1 start A
         run A P1 r
         zombie P1
         P2 start A resume     -> resumed_same_session launched +told
         = r active A/P2 #2";

    /// Changed: there is no cleanup by age. An empty session is archived only when a newer one replaces it.
    amc_051_starting_stale_1h:
        "P1 start A
         kill P1
         days 30
         P2 start B            -> registered no_run
         = A P1
         pane P3 %801
         P3 start C            -> registered no_run superseded
         = A P1 over:superseded archived";
}

/// Changed: a pane that is not known is recorded as unknown. The old pane stays in the history, where it is true.
#[test]
fn omx_003_transfer_no_pane() {
    let world = after("X1 start A\nrun A X1 r\nkill X1\nD1 start A resume -> resumed_same_session launched +told");
    let run = &world.runs["r"].0;
    assert_eq!(run.owner.pane, Pane::Unknown);
    assert_eq!(run.history[0].from.pane, Pane::Tmux { server: "s".into(), pane: "%881".into() });
}

#[test]
fn omx_004_transfer_clears_terminal_marks() {
    let mut world = after("X1 start A\nrun A X1 r\nkill X1");
    let run = &mut world.runs.get_mut("r").unwrap().0;
    run.finished = Some(run.created.clone());
    run.stop_reason = Some(StopReason::Rule(Reason::Paused));
    then(&mut world, "X2 start A resume", "resumed_same_session launched +told");
    let run = &world.runs["r"].0;
    assert_eq!((run.status, &run.finished, &run.stop_reason), (Status::Active, &None, &None));
}

#[test]
fn omx_010_current_active_noop() {
    let mut world = after("X1 start A\nrun A X1 r\nX1 prompt A");
    let before = (world.sessions["A"].clone(), world.runs["r"].clone());
    then(&mut world, "X1 prompt A", "heartbeat owner_present");
    then(&mut world, "X1 stop A", "heartbeat");
    assert_eq!((world.sessions["A"].clone(), world.runs["r"].clone()), before);
}

#[test]
fn omx_011_current_active_foreign_codex() {
    let mut world = after("X1 start A\nrun A X1 r");
    let before = world.runs["r"].clone();
    then(&mut world, "X2 start A resume", "owner_alive launched +told");
    then(&mut world, "X3 start B", "registered no_run");
    then(&mut world, "X2 prompt A", "owner_alive heartbeat");
    assert_eq!(world.runs["r"], before);
}

#[test]
fn omx_022_two_matches() {
    let mut world = after("X1 start A\nrun A X1 r\nkill X1");
    let (mut twin, location) = world.runs["r"].clone();
    twin.id = "s".parse().unwrap();
    world.runs.insert("s".into(), (twin, location));
    world.sessions.get_mut("A").unwrap().0.runs.push("s".parse().unwrap());
    let before = world.runs.clone();
    then(&mut world, "X2 start A resume", "multiple_matching_runs launched +told");
    then(&mut world, "X2 prompt A", "multiple_matching_runs heartbeat");
    assert_eq!(world.runs, before);
}

/// Changed: an interrupted run is one whose owner is gone, and baton exists to continue such runs. The phase is the
/// owner's free text and does not decide anything.
#[test]
fn omx_024_terminal_interrupted() {
    let mut world = after("X1 start A\nrun A X1 r\nkill X1");
    world.runs.get_mut("r").unwrap().0.phase = Some("interrupted".into());
    then(&mut world, "X2 start A resume", "resumed_same_session launched +told");
    assert_eq!(world.runs["r"].0.phase.as_deref(), Some("interrupted"));
}

/// Changed: a run that waits for the user still belongs to its session when the user comes back. It waits until the
/// user sends a prompt.
#[test]
fn omx_025_terminal_blocked_on_user() {
    let mut world = after("X1 start A\nrun A X1 r\nkill X1");
    let run = &mut world.runs.get_mut("r").unwrap().0;
    run.status = Status::Waiting;
    run.stop_reason = Some(StopReason::Stated("a question".into()));
    then(&mut world, "X2 start A resume", "resumed_same_session launched +told");
    assert_eq!(world.view("r"), "r waiting A/X2 #2");
    assert_eq!(world.runs["r"].0.stop_reason, Some(StopReason::Stated("a question".into())));
    then(&mut world, "X2 prompt A", "heartbeat owner_present");
    assert_eq!(world.view("r"), "r active A/X2 #2");
    assert_eq!(world.runs["r"].0.stop_reason, None);
}

/// This holds even if the session's record still names the run, as in a foreign state directory.
#[test]
fn omx_027_terminal_failed() {
    for over in [Status::Failed, Status::Done, Status::Cancelled, Status::Abandoned] {
        let mut world = after("X1 start A\nrun A X1 r\nkill X1\ndays 8");
        world.runs.get_mut("r").unwrap().0.status = over;
        let before = world.runs["r"].clone();
        then(&mut world, "X2 start A resume", "launched run_ended");
        assert_eq!(world.runs["r"], before, "{over:?}");
    }
}

/// The threshold must be a number. A text that only begins with a number is refused.
#[test]
fn omx_046_env_parse_int_prefix() {
    let world = after("X1 start A\nrun A X1 r");
    let stamp: Timestamp = world.runs["r"].0.created.clone();
    let process = &world.runs["r"].0.owner.process;
    let request = Request {
        protocol: PROTOCOL,
        now: stamp,
        place: agent_baton_core::process::HostId {
            boot: process.boot.clone(),
            machine: process.machine.clone(),
            pidns: process.pidns,
        },
        locked: true,
        input: Input::Command(Box::new(Command::Cancel { run: "r".parse().unwrap(), why: None })),
        snapshot: Snapshot { limits: Limits { stale_after_ms: 1500, ..Limits::default() }, ..Snapshot::default() },
    };
    let reason = |limit: serde_json::Value| {
        let mut request = serde_json::to_value(&request).unwrap();
        request["snapshot"]["limits"]["stale_after_ms"] = limit;
        let decision: Decision = serde_json::from_slice(&decide_bytes(request.to_string().as_bytes())).unwrap();
        decision.reason
    };
    assert_eq!(reason(json!(1500)), Reason::RunNotFound);
    for wrong in [json!("1500abc"), json!("1500"), json!("24h"), json!(-1), json!(1.5), json!(null)] {
        assert_eq!(reason(wrong.clone()), Reason::RequestMalformed, "{wrong}");
    }
}

/// One record holds the owner, so there cannot be two. A second session that names the run, as in a damaged state
/// directory, gains nothing, and the next session is not blocked.
#[test]
fn omx_076_crash_between_writes() {
    let mut world = after("X1 start A\nrun A X1 r\nX2 start B\nkill X1");
    world.sessions.get_mut("B").unwrap().0.runs.push("r".parse().unwrap());
    then(&mut world, "X2 prompt B", "heartbeat run_ended run_offered +told");
    assert_eq!(world.view("r"), "r active A/X1 #1");
    assert_eq!(world.sessions["B"].0.runs, []);
    then(&mut world, "X3 start A resume", "resumed_same_session launched +told");
    assert_eq!(world.view("r"), "r active A/X3 #2");
}

/// If a client reports that one session replaced another, the run moves to the new session, and its history names the
/// old one.
#[test]
fn omx_085_native_replaced() {
    let world = after(
        "P1 start A
         P1 prompt A
         run A P1 r
         P1 start B clear      -> followed_in_process switched registered +told
         = r active B/P1 #2",
    );
    let last = world.runs["r"].0.history.last().unwrap();
    assert_eq!(
        (last.from.session.as_ref().map(SessionId::as_str), last.reason),
        (Some("A"), Reason::FollowedInProcess)
    );
}

#[test]
fn amc_013_loser_without_id_kept() {
    let mut world = after("P1 start A\nP1 prompt A");
    let before = world.sessions.clone();
    then(&mut world, "P1 start -", "identity_missing");
    assert_eq!(world.sessions, before);
}

#[test]
fn amc_041_dead_claude_no_terminal() {
    let mut world = World::default();
    world.actor("P1");
    world.actors.get_mut("P1").unwrap().pane = Pane::Unknown;
    then(&mut world, "P1 start A", "registered no_run");
    then(&mut world, "run A P1 r", "started");
    then(&mut world, "P2 start A resume", "owner_alive launched +told");
    assert_eq!(world.view("r"), "r active A/P1 #1");
}

/// Changed: only the lock of the writing process counts. Any process may open the file for reading.
#[test]
fn amc_044_codex_open_transcript_alive() {
    for (lock, rows) in [
        (LockState::Held, "owner_alive launched +told"),
        (LockState::Released, "resumed_same_session launched +told"),
        (LockState::Unreadable, "owner_unverifiable launched +told"),
    ] {
        let mut world = after("X1 start A\nrun A X1 r");
        world.actors.get_mut("X1").unwrap().locks.insert("A".into(), lock);
        then(&mut world, "X2 start A resume", rows);
    }
}

/// One daemon shows two threads and releases one. Each thread is judged by its own lock.
#[test]
fn amc_048_batch_mixed_none_found() {
    let mut world = after("X1 start A\nX2 start B\nrun A X1 r\nrun B X2 s");
    world.actors.get_mut("X1").unwrap().locks.insert("A".into(), LockState::Held);
    world.actors.get_mut("X2").unwrap().locks.insert("B".into(), LockState::Released);
    then(&mut world, "X3 start A resume", "owner_alive launched +told");
    then(&mut world, "X4 start B resume", "resumed_same_session launched +told");
    assert_eq!((world.view("r"), world.view("s")), ("r active A/X1 #1".into(), "s active B/X4 #2".into()));
}
