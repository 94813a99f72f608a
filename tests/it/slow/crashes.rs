//! SIGKILL at every call that changes a file: the run has one owner, the records are intact, and the model gets its
//! notification.

use agent_baton_tests::Scratch;
use agent_baton_tests::effort::sample;
use agent_baton_tests::fault_injection::{FaultScenario, SCENARIOS};
use agent_baton_tests::trace::{self, Fault};

/// How many calls of each scenario a sample tries.
const SAMPLE: usize = 8;

fn check(name: &str) {
    if !trace::is_possible() {
        return;
    }
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).expect("a scenario");
    let scratch = Scratch::new();
    let mut scene = FaultScenario::new(scenario, &scratch);
    let calls: Vec<_> = scene.calls().into_iter().filter(trace::Call::changes).collect();
    assert!(calls.len() > 3, "{name}: {calls:?}");
    for call in sample(&calls, SAMPLE) {
        println!("{name}: killed at {}", call.line);
        let ended = scene.inject(call, Fault::Kill);
        assert_eq!(ended.code, None, "it was not killed: {ended:?}");
        scene.check_repair(&ended);
    }
}

test_each_scenario!();
