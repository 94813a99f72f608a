//! Random histories of runs, checked against a simple model. `BATON_SEED` sets the first seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::effort;
use crate::history::{model, script};
use crate::world::{World, decide_thoroughly};
use agent_baton_core::decide::decide;

/// One in this many histories is checked thoroughly, which takes ten times as long.
const THOROUGH: u64 = 50;

/// Plays a history and returns its fault. The world's own checks of a decision panic.
fn fault(lines: &[String], thorough: bool) -> Option<String> {
    let mut world = World::default();
    world.decide = if thorough { decide_thoroughly } else { decide };
    let played = catch_unwind(AssertUnwindSafe(|| model::play(lines, &mut world)));
    match played {
        Ok(played) => played.err(),
        Err(panic) => Some(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic, see above".into())),
    }
}

/// Removes the lines that a history does not need to fail: first halves, then quarters, down to single lines.
fn shrink(mut lines: Vec<String>) -> Vec<String> {
    let mut width = lines.len();
    while width > 0 {
        let mut at = 0;
        while at < lines.len() {
            let mut fewer = lines.clone();
            fewer.drain(at..(at + width).min(lines.len()));
            if fault(&fewer, true).is_some() {
                lines = fewer;
            } else {
                at += width;
            }
        }
        width /= 2;
    }
    lines
}

fn play(seed: u64) {
    let lines = script(seed);
    if fault(&lines, seed.is_multiple_of(THOROUGH)).is_some() {
        let short = shrink(lines);
        let what = fault(&short, true).unwrap_or_default();
        panic!("{what}\n\n{}\n\nagain: BATON_SEED={seed}", short.join("\n"));
    }
}

#[test]
fn whatever_happens_each_run_has_one_owner_and_is_never_stuck() {
    let count = effort::histories();
    let first = effort::first_seed();
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || (first + thread..first + count).step_by(threads as usize).for_each(play));
        }
    });
}
