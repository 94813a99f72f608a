//! The statements answer random requests as the simulated database does. `BATON_SEED` sets the first seed.

use baton_fleet::Service;
use baton_fleet_model::database::SimulatedDatabase;
use baton_fleet_model::random_request::{World, random_identity, random_request};
use baton_fleet_model::without_clock::without_clock;
use baton_fleet_protocol::{Answer, Identity, Position, Request};
use fastrand::Rng;

use crate::machine::{LONG_MS, new_fleet, opening};

/// How many requests a history has.
const STEPS: u32 = 80;

/// Removes what an earlier history left.
const EMPTY: &str = "truncate baton.fleet, baton.machine, baton.run, baton.change, baton.handoff, baton.handoff_part";

/// The number of histories.
fn count() -> u64 {
    match std::env::var("BATON_TESTS").as_deref() {
        Err(_) | Ok("") => 24,
        Ok("full") => 400,
        Ok("exhaustive") => 20_000,
        Ok(other) => panic!("BATON_TESTS={other}: it is unset, \"full\" or \"exhaustive\""),
    }
}

fn first_seed() -> u64 {
    std::env::var("BATON_SEED")
        .map_or(0, |text| text.parse().unwrap_or_else(|_| panic!("BATON_SEED={text}: not a number")))
}

/// Asks both, and compares their answers.
fn compare(service: &mut Service, simulated: &mut SimulatedDatabase, identity: Option<&Identity>, request: &Request) {
    // Each row is written at a time of its own, as in the real database.
    simulated.now_ms += 1;
    service.identify(identity);
    let real = service.answer(request);
    let message = if let Answer::Failed(failure) = &real { failure.message.clone() } else { String::new() };
    let before = simulated.clone();
    let expected = without_clock(simulated.answer(identity, request));
    let real = without_clock(real);
    assert_eq!(real, expected, "{message}\n{identity:?}\n{request:?}\n{:#?}", before.runs);
}

#[test]
fn the_statements_answer_as_the_simulated_database_does() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let (first, mut service) = (first_seed(), Service::new(&opening(&url, None, LONG_MS)).unwrap());
    for seed in first..first + count() {
        postgres.sql(&database.name, EMPTY);
        println!("BATON_SEED={seed}");
        let mut rng = Rng::with_seed(seed);
        let mut world = World::default();
        let init = Request::Init { fleet: "fleet".parse().unwrap(), role: None };
        compare(&mut service, &mut world.database, None, &init);
        for _ in 0..STEPS {
            let request = random_request(&mut rng, &world);
            let identity = random_identity(&mut rng, &world);
            compare(&mut service, &mut world.database, identity.as_ref(), &request);
        }
        let runs = world.database.runs.keys().cloned().collect();
        let beginning = Position { change: 0, commit: None };
        for request in [
            Request::Read { runs, sessions: Vec::new(), projects: Vec::new() },
            Request::List { limit: 100 },
            Request::Changes { after: beginning, limit: 1000 },
        ] {
            compare(&mut service, &mut world.database, None, &request);
        }
    }
}
