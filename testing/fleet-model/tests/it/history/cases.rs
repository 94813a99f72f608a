//! Histories that once showed a fault of the protocol, as they were printed.

use super::step::{Action, Step};
use super::{play_in, world::World};

const fn step(machine: usize, action: Action) -> Step {
    Step { machine, action, kill: None, fault: None, between: None }
}

const fn open(machine: usize, session: usize) -> Step {
    step(machine, Action::Open { agent: 0, session, headless: false })
}

#[track_caller]
fn check(steps: &[Step]) {
    let start = [open(0, 0), step(0, Action::Start { agent: 0, is_loop: true })];
    let steps: Vec<Step> = start.iter().chain(steps).cloned().collect();
    assert_eq!(play_in(&mut World::new(), &steps), Ok(()));
}

#[test]
fn an_owner_that_was_reported_as_ended_does_not_go_on() {
    // The process leaves its session and comes back to it while the database cannot be reached.
    let (leaves, comes_back) = (open(0, 1), open(0, 0));
    check(&[leaves, step(0, Action::Witness), step(0, Action::Cut { off: true }), comes_back, open(1, 0)]);
}

#[test]
fn a_process_that_comes_back_to_its_session_is_not_ended() {
    let (leaves, comes_back) = (open(0, 1), open(0, 0));
    check(&[leaves, step(0, Action::Witness), comes_back, open(1, 0)]);
}

#[test]
fn a_commit_of_the_user_is_no_lease_for_an_owner_that_ended() {
    let lost = Step { kill: Some(0), ..open(0, 0) };
    check(&[open(0, 1), lost, step(0, Action::Witness), step(0, Action::Pause { session: 0, on: true }), open(1, 0)]);
}

#[test]
fn a_handoff_that_the_backup_has_stays() {
    let (back_up, restore) = (step(0, Action::BackUp), step(0, Action::RestoreDatabase));
    let pause = step(0, Action::Pause { session: 0, on: true });
    let hand_off = step(0, Action::HandOff { session: 0, to: None });
    check(&[hand_off, back_up, pause, restore, step(2, Action::Witness), step(0, Action::Witness)]);
}

#[test]
fn a_cancelled_run_does_not_come_back_with_the_database() {
    let (stop, cancel) = (Action::Stop { agent: 0, done: false }, Action::Cancel { session: 0 });
    let (back_up, restore) = (step(0, Action::BackUp), step(0, Action::RestoreDatabase));
    check(&[open(1, 0), back_up, step(0, stop), restore, step(1, cancel), step(0, stop)]);
}

#[test]
fn a_change_after_the_backup_is_not_lost() {
    let (back_up, restore) = (step(0, Action::BackUp), step(0, Action::RestoreDatabase));
    check(&[back_up.clone(), step(0, Action::Pause { session: 0, on: true }), restore.clone()]);
    check(&[back_up.clone(), step(0, Action::Cancel { session: 0 }), restore.clone()]);
    check(&[back_up.clone(), step(0, Action::Wait { seconds: 400 }), open(1, 0), restore.clone()]);
    check(&[
        back_up,
        step(0, Action::Finish { agent: 0 }),
        restore,
        open(2, 0),
        step(2, Action::Cancel { session: 0 }),
    ]);
}

#[test]
fn an_end_in_a_restored_database_reaches_a_copy_with_another_owner_of_the_same_fence() {
    let (back_up, restore) = (step(0, Action::BackUp), step(0, Action::RestoreDatabase));
    let (wait, cancel) = (step(0, Action::Wait { seconds: 400 }), step(2, Action::Cancel { session: 0 }));
    check(&[wait, back_up, open(1, 0), restore, open(2, 0), cancel]);
}

#[test]
fn a_copied_directory_that_missed_a_recovery_gets_an_id() {
    let (back_up, restore) = (step(0, Action::BackUp), step(1, Action::RestoreDatabase));
    let copy = step(1, Action::Copy { from: 0, what: super::step::Copied::Running });
    check(&[back_up, step(0, Action::Pause { session: 0, on: true }), restore, copy, open(0, 0)]);
}

#[test]
fn a_run_whose_session_another_run_has_after_the_restore_leaves_the_fleet() {
    let start = |machine| step(machine, Action::Start { agent: 0, is_loop: true });
    let (back_up, restore) = (step(0, Action::BackUp), step(0, Action::RestoreDatabase));
    let steps = [back_up, open(0, 0), start(0), restore, open(1, 0), start(1), step(0, Action::Witness)];
    let mut world = World::new();
    assert_eq!(play_in(&mut world, &steps), Ok(()));
    assert!(world.reached.contains("replaced_after_restore"), "{:?}", world.reached);
}
