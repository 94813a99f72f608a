//! What holds of the simulated database, whatever is asked of it.

use std::collections::BTreeSet;

use agent_baton_core::run::Run;
use baton_fleet_model::database::SimulatedDatabase;
use baton_fleet_model::random_request::{World, random_identity, random_request};
use baton_fleet_protocol::{Answer, Request};
use fastrand::Rng;

/// Plays random requests and checks each step.
fn play(seed: u64, mut each: impl FnMut(&SimulatedDatabase, &Request, &Answer, &SimulatedDatabase)) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::default();
    for step in 0..60 {
        let request = if step == 0 {
            Request::Init { fleet: "fleet".parse().unwrap(), role: None }
        } else {
            random_request(&mut rng, &world)
        };
        let identity = random_identity(&mut rng, &world);
        let before = world.database.clone();
        world.database.now_ms += rng.u64(..200_000);
        let answer = world.database.answer(identity.as_ref(), &request);
        each(&before, &request, &answer, &world.database);
    }
}

#[test]
fn what_fails_or_conflicts_changes_nothing() {
    for seed in 0..500 {
        play(seed, |before, request, answer, after| {
            if matches!(answer, Answer::Failed(_) | Answer::Conflict { .. }) {
                let mut before = before.clone();
                before.now_ms = after.now_ms;
                assert_eq!(&before, after, "seed {seed}: {request:?}");
            }
        });
    }
}

#[test]
fn numbers_only_grow() {
    for seed in 0..500 {
        play(seed, |before, request, _, after| {
            assert!(before.epoch <= after.epoch && before.changes.len() <= after.changes.len());
            for (id, old) in &before.runs {
                let new = &after.runs[id];
                let changed = old.run != new.run;
                assert!(
                    old.numbers() <= new.numbers() && (!changed || old.version < new.version),
                    "seed {seed}: {request:?}"
                );
            }
        });
    }
}

#[test]
fn a_session_has_one_unfinished_run() {
    let key = |run: &Run| {
        (
            run.owner.session.clone(),
            run.owner.session.is_none().then(|| (run.name.clone(), run.fleet.clone().unwrap().project)),
        )
    };
    for seed in 0..500 {
        play(seed, |_, request, _, after| {
            let unfinished: Vec<_> = after
                .runs
                .values()
                .filter(|row| row.run.status.is_unfinished())
                .map(|row| format!("{:?}", key(&row.run)))
                .collect();
            let distinct: BTreeSet<_> = unfinished.iter().collect();
            assert_eq!(distinct.len(), unfinished.len(), "seed {seed}: {request:?}");
        });
    }
}

/// The kinds of answers that random requests get, so that no kind is left out by mistake.
#[test]
fn random_requests_reach_every_answer() {
    let mut kinds = BTreeSet::new();
    for seed in 0..500 {
        play(seed, |_, request, answer, _| {
            let name = |text: String| text.split([' ', '(']).next().unwrap_or_default().to_owned();
            let cause =
                if let Answer::Failed(failure) = answer { format!("{:?}", failure.cause) } else { String::new() };
            kinds.insert(format!("{} {}{cause}", name(format!("{request:?}")), name(format!("{answer:?}"))));
        });
    }
    for kind in [
        "Init Ready",
        "Join Joined",
        "Join FailedUnknownToken",
        "Leave Done",
        "Rotate Done",
        "Read Rows",
        "List Rows",
        "Changes Changes",
        "Commit Committed",
        "Commit Conflict",
        "Commit Withdrawn",
        "Commit FailedRestored",
        "Commit FailedOtherEpoch",
        "Commit FailedUnknownToken",
        "LookUp Committed",
        "LookUp Withdrawn",
        "Renew Renewed",
        "Round Round",
        "Round FailedOtherEpoch",
        "Recover Ready",
        "Restore Committed",
        "Restore Conflict",
        "PutPart Done",
        "HandOff Committed",
        "HandOff Conflict",
        "GetPart Part",
        "PickUp Done",
        "PickUp Conflict",
        "RemoveArchive Done",
        "RemoveArchive Conflict",
        "CancelHandoff Done",
        "CancelHandoff Conflict",
    ] {
        assert!(kinds.contains(kind), "{kind} is not in {kinds:#?}");
    }
}
