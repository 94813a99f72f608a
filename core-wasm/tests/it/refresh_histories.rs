//! Random histories with rows of a fleet: a refresh from any row can be repeated, lowers no fence, and leaves the sessions and
//! the runs in agreement. `BATON_SEED` sets the first seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use crate::effort;
use crate::rng::Rng;
use crate::world::World;
use crate::world::fleet::STANDINGS;
use agent_baton_core::decide::decide;
use agent_baton_core::run::Status;

const RUNS: &[&str] = &["r", "s", "t"];
const OWNERS: &[&str] = &["A/P1", "A/P2", "B/P2", "B/P3", "C/P3", "Z/P9"];
const STATUSES: &[&str] =
    &["active", "active", "active", "active", "waiting", "paused", "done", "failed", "cancelled", "abandoned"];

/// Returns a history. Each line is independent. A line that begins with `row` is a row of a run.
fn script(seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let mut lines: Vec<String> = ["P1 start A", "P1 prompt A", "P2 start B"].map(str::to_owned).into();
    lines.push(rng.one_of(&["run A P1 r", "loop A P1 r max=9"]).to_owned());
    for _ in 0..6 + rng.below(20) {
        let (run, owner) = (rng.one_of(RUNS), rng.one_of(OWNERS));
        let (session, actor) = owner.split_once('/').unwrap();
        let line = match rng.below(24) {
            0..=9 => {
                let (fence, at, revision) = (1 + rng.below(6), rng.below(6), rng.below(9));
                let loops = if rng.once_in(3) { " loop" } else { "" };
                let status = rng.one_of(STATUSES);
                format!("row {run} {owner} #{fence} {status} at={at} max=9 rev={revision}{loops}")
            }
            10..=13 => format!("fleet {run} {}", STANDINGS[rng.below(STANDINGS.len())].0),
            14..=15 => format!("{actor} start {session} {}", rng.one_of(&["resume", "startup", "clear"])),
            16..=17 => format!("{actor} prompt {session} id={}", rng.below(4)),
            18 => format!("{actor} stop {session} id={}", rng.below(4)),
            19 => format!("{} {actor}", rng.one_of(&["kill", "blind"])),
            20 => format!("{actor} end {session}"),
            21 => format!("adopt {run} {session} {actor}{}", rng.one_of(&["", " force", " take"])),
            22 => format!("{} {run}", rng.one_of(&["pause", "continue", "cancel"])),
            _ => rng.one_of(&["reboot", "days 8", "mute", "unmute", "take-lapsed"]).to_owned(),
        };
        lines.push(line);
    }
    lines
}

/// Takes a row, and takes it again, which must change nothing.
fn take_row(world: &mut World, words: &[&str]) {
    world.now_ms += 1000;
    let before = world.runs.get(words[0]).map(|(run, _)| run.clone());
    let row = world.row(words[0], &words[1..]);
    world.take_row(row.clone());
    let copy = &world.runs[words[0]].0;
    if let Some(before) = before {
        assert!(copy.fence >= before.fence, "the fence goes from {} to {}", before.fence, copy.fence);
        assert!(before.status != Status::Cancelled || *copy == before, "a cancelled run changes");
        assert_eq!((&copy.project, &copy.created), (&before.project, &before.created), "what this machine knows");
    }
    assert_eq!(world.take_row(row).changes, [], "the same row changes something again");
}

/// Each session names the unfinished runs that it owns, and is live if there are any.
fn check_sessions(world: &World) {
    for (id, (session, location)) in &world.sessions {
        let owned = world.runs.values().map(|(run, _)| run);
        let owned = owned.filter(|run| run.status.is_unfinished() && run.owner.is_session(&session.id));
        let owned: BTreeSet<_> = owned.map(|run| run.id.clone()).collect();
        let named: BTreeSet<_> = session.runs.iter().cloned().collect();
        assert_eq!(named, owned, "the runs of {id}");
        assert_eq!(named.len(), session.runs.len(), "{id} names a run more than once");
        let is_live = *location == agent_baton_core::decision::Location::Live;
        assert!(is_live || named.is_empty(), "{id} owns {named:?} and is in the archive");
    }
}

fn play(lines: &[String]) {
    let mut world = World::default();
    world.decide = decide;
    for (at, line) in lines.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let step = std::panic::AssertUnwindSafe(|| {
            match words.as_slice() {
                ["row", rest @ ..] => take_row(&mut world, rest),
                _ => drop(world.step(line)),
            }
            check_sessions(&world);
        });
        if let Err(panic) = std::panic::catch_unwind(step) {
            let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            panic!("{what}\n\n{}", lines[..=at].join("\n"));
        }
    }
}

#[test]
fn whatever_rows_come_copies_and_sessions_agree() {
    let first = effort::first_seed();
    for seed in first..first + effort::histories() {
        play(&script(seed));
    }
}
