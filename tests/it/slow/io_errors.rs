//! Every call on a file of the state fails once: the agent continues, the user is told, and the state is the old one
//! or the new one.

use agent_baton_tests::Scratch;
use agent_baton_tests::effort::{Effort, sample};
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::fault_injection::{FaultScenario, SCENARIOS};
use agent_baton_tests::reply::Reply;
use agent_baton_tests::trace::{self, Call, Fault};

/// How many calls of each scenario a sample tries.
const SAMPLE: usize = 10;

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EROFS", "EACCES"];

fn check(name: &str) {
    if !trace::is_possible() {
        return;
    }
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).expect("a scenario");
    let scratch = Scratch::new();
    let mut scene = FaultScenario::new(scenario, &scratch);
    let calls = scene.calls();
    assert!(calls.len() > 10, "{name}: {calls:?}");
    // Each call fails with one error, in turn. With the exhaustive effort, each call fails with every error.
    let plan: Vec<(&Call, &'static str)> = if Effort::get() == Effort::Exhaustive {
        calls.iter().flat_map(|call| ERRORS.map(|error| (call, error))).collect()
    } else {
        sample(&calls, SAMPLE).zip(ERRORS.into_iter().cycle()).collect()
    };
    for (call, error) in plan {
        println!("{name}: {error} at {}", call.line);
        let ended = scene.inject(call, Fault::Error(error));
        let untouched = scene.is_untouched();
        went_on(&scene, call, &ended, untouched);
        assert!(
            !scene.is_in_flight() || !ended.stderr.is_empty(),
            "a commit was left, and that was not said: {ended:?}"
        );
        scene.check_repair(&ended);
    }
}

/// Checks that the call ended as an agent or a user expects.
fn went_on(scene: &FaultScenario<'_>, call: &Call, ended: &Ended, untouched: bool) {
    let begin: &[&str] =
        if scene.scenario.event.is_some() { &["baton: "] } else { &["baton: ", "error: ", "caused by: ", "hint: "] };
    assert!(ended.stderr.lines().all(|line| begin.iter().any(|begin| line.starts_with(begin))), "{ended:?}");
    let Some(event) = scene.scenario.event else {
        let failed = matches!(ended.code, Some(1 | 3 | 4)) && ended.stdout.is_empty() && !ended.stderr.is_empty();
        assert!(failed || ended.code == Some(0) || call.name == "write", "{ended:?}");
        return;
    };
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.lines().count() <= 1, "{ended:?}");
    Reply::parse(&ended.stdout, event).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    // What was not done is reported to the user, and not to the agent.
    assert!(
        !untouched || (!ended.stderr.is_empty() && ended.stdout.is_empty()),
        "nothing was done, nor said: {ended:?}"
    );
}

test_each_scenario!();
