//! Compares sweeps with a naive model: random sessions, random limits, sweeps on random days.

use std::collections::BTreeMap;

use super::*;

/// A generator that gives the same numbers in every run.
struct Rng(u64);

impl Rng {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Live,
    Archive,
    Trash(u64),
    Gone,
}

/// What the model knows about a session.
#[derive(Debug, Clone)]
struct Known {
    ended: u64,
    headless: bool,
    wanted: bool,
    place: Place,
}

/// A sweep on a day, written for clarity and not for speed.
fn sweep(all: &BTreeMap<String, Known>, day: u64, policy: &Retention) -> BTreeMap<String, Known> {
    let in_pool = |it: &&(&String, &Known), headless: bool| {
        it.1.place == Place::Live && !it.1.wanted && it.1.headless == headless
    };
    let next = |(id, known): (&String, &Known)| {
        // For equal days, the names decide.
        let newer = |it: &&(&String, &Known)| (it.1.ended, id) > (known.ended, it.0);
        let pool: Vec<_> = all.iter().collect();
        let before = pool.iter().filter(|it| in_pool(it, known.headless) && newer(it)).count();
        let limit = if known.headless { policy.headless } else { policy.sessions };
        let old = day - known.ended > 90;
        let place = match known.place {
            Place::Live if !known.wanted && (old || before >= limit) => Place::Archive,
            Place::Archive if old => Place::Trash(day),
            Place::Trash(since) if day - since > 8 => Place::Gone,
            place => place,
        };
        (id.clone(), Known { place, ..known.clone() })
    };
    all.iter().map(next).collect()
}

fn round(seed: u64) {
    let mut rng = Rng(seed);
    let policy = Retention {
        sessions: usize::try_from(rng.below(12)).unwrap(),
        headless: usize::try_from(rng.below(5)).unwrap(),
        ..Retention::default()
    };
    let mut model = BTreeMap::new();
    let mut sessions = Vec::new();
    for n in 0..30 {
        let name = format!("s{n:02}");
        let (day, headless) = (1 + rng.below(60), rng.below(3) == 0);
        let mut session = over(&name, day);
        session.headless = headless;
        let wanted = rng.below(8);
        match wanted {
            0 => session.pinned = true,
            1 => session.runs = vec![id("r1")],
            2 => {
                session.ended = None;
                session.launches[0].process.machine = "another".into();
            }
            _ => {}
        }
        model.insert(name, Known { ended: day, headless, wanted: wanted < 3, place: Place::Live });
        sessions.push(session);
    }
    let world = world_with(sessions);
    let mut day = 61;
    while day < 220 {
        gc(&world, day, &policy);
        model = sweep(&model, day, &policy);
        for (location, name) in [(Location::Live, "live"), (Location::Archive, "archive"), (Location::Trash, "trash")] {
            let mut found: Vec<String> =
                world.store.sessions(location).unwrap().iter().map(ToString::to_string).collect();
            found.sort();
            let is_there = |known: &Known| match location {
                Location::Live => known.place == Place::Live,
                Location::Archive => known.place == Place::Archive,
                Location::Trash => matches!(known.place, Place::Trash(_)),
            };
            let expected: Vec<String> =
                model.iter().filter(|(_, known)| is_there(known)).map(|(id, _)| id.clone()).collect();
            assert_eq!(found, expected, "seed {seed}, day {day}, {name}, {policy:?}");
        }
        day += 1 + rng.below(20);
    }
}

#[test]
fn passes_do_what_a_naive_model_does() {
    (0..40).for_each(round);
}
