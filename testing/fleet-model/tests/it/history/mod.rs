//! Random histories of three machines and one database. `BATON_SEED` sets the first seed.

mod actions;
mod cases;
mod check;
mod handoff;
mod host;
mod membership;
mod request;
mod rows;
mod state;
mod step;
mod witness;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use step::{Step, script};
use world::World;

const THREADS: u64 = 2;

/// The number of histories.
fn count() -> u64 {
    match std::env::var("BATON_TESTS").as_deref() {
        Err(_) | Ok("") => 20_000,
        Ok("full") => 1_000_000,
        Ok("exhaustive") => 10_000_000,
        Ok(other) => panic!("BATON_TESTS={other}: it is unset, \"full\" or \"exhaustive\""),
    }
}

fn first_seed() -> u64 {
    std::env::var("BATON_SEED")
        .map_or(0, |text| text.parse().unwrap_or_else(|_| panic!("BATON_SEED={text}: not a number")))
}

fn play_in(world: &mut World, steps: &[Step]) -> Result<(), String> {
    for (at, step) in steps.iter().enumerate() {
        world.step(step);
        world.check().map_err(|what| format!("{what}\nafter step {at}"))?;
    }
    world.check_end().map_err(|what| format!("{what}\nat the end"))
}

/// Plays a history and returns its fault.
fn fault(steps: &[Step]) -> Option<String> {
    let played = catch_unwind(AssertUnwindSafe(|| play_in(&mut World::new(), steps)));
    match played {
        Ok(played) => played.err(),
        Err(panic) => Some(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic, see above".into())),
    }
}

/// Removes what a history does not need to fail: steps, and then what disturbs the others.
fn shrink(mut steps: Vec<Step>) -> Vec<Step> {
    let attempt = |steps: &mut Vec<Step>, fewer: Vec<Step>| {
        let fails = fault(&fewer).is_some();
        if fails {
            *steps = fewer;
        }
        fails
    };
    loop {
        let before = steps.len();
        for at in (0..steps.len()).rev() {
            let mut fewer = steps.clone();
            fewer.remove(at);
            attempt(&mut steps, fewer);
        }
        for at in 0..steps.len() {
            let calmer: [fn(&mut Step); 3] =
                [|step| step.kill = None, |step| step.fault = None, |step| step.between = None];
            for calm in calmer {
                let mut fewer = steps.clone();
                calm(&mut fewer[at]);
                attempt(&mut steps, fewer);
            }
        }
        if steps.len() == before {
            return steps;
        }
    }
}

fn play(seed: u64) {
    let steps = script(seed);
    if fault(&steps).is_some() {
        let short = shrink(steps);
        let what = fault(&short).unwrap_or_default();
        let lines: Vec<String> = short.iter().map(|step| format!("{step:?}")).collect();
        panic!("{what}\n\n{}\n\nagain: BATON_SEED={seed}", lines.join("\n"));
    }
}

#[test]
fn whatever_happens_a_run_has_one_owner_and_nothing_is_left_to_repair() {
    let (first, count) = (first_seed(), count());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || (first + thread..first + count).step_by(THREADS as usize).for_each(play));
        }
    });
}

/// What the histories must reach, so that a change of the steps does not leave it out.
#[test]
fn histories_reach_what_they_are_to_prove() {
    let mut reached = BTreeSet::new();
    for seed in 0..5_000 {
        let mut world = World::new();
        play_in(&mut world, &script(seed)).unwrap();
        reached.append(&mut world.reached);
    }
    for what in [
        "started",
        "updated",
        "verified",
        "finished",
        "cancelled",
        "adopted",
        "iterated",
        "loop_done",
        "owner_lapsed",
        "handed_over",
        "resumed_same_session",
        "owner_alive",
        "fleet_unreachable",
        "told ownership_lost",
        "told owner_lapsed",
        "told handed_over",
        "told run_offered",
        "conflict",
        "withdrawn",
        "Unreachable",
        "ReadOnly",
        "UnknownToken",
        "Restored",
        "a new epoch",
        "a new machine id",
        "went on by a lease",
    ] {
        assert!(reached.contains(what), "{what} is not in {reached:#?}");
    }
}
