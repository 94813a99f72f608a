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
        scene.settle(&ended);
    }
}

#[test]
fn at_the_first_event_of_all() {
    check("the first event of all");
}

#[test]
fn at_a_registration() {
    check("a registration");
}

#[test]
fn at_an_end() {
    check("an end");
}

#[test]
fn at_a_transfer() {
    check("a transfer");
}

#[test]
fn at_a_transfer_at_a_prompt() {
    check("a transfer at a prompt");
}

#[test]
fn at_an_owner_elsewhere() {
    check("an owner elsewhere");
}

#[test]
fn at_an_offer() {
    check("an offer");
}

#[test]
fn at_an_adoption() {
    check("an adoption");
}

#[test]
fn at_a_supersession() {
    check("a supersession");
}

#[test]
fn at_an_event_that_does_not_get_the_lock() {
    check("an event that does not get the lock");
}

#[test]
fn at_an_inbox_that_is_emptied() {
    check("an inbox that is emptied");
}

#[test]
fn at_an_update() {
    check("an update");
}

#[test]
fn at_a_cancel() {
    check("a cancel");
}

#[test]
fn at_a_message() {
    check("a message");
}

#[test]
fn at_a_fold_at_the_end() {
    check("a fold at the end");
}

#[test]
fn at_a_fold_after_a_crash() {
    check("a fold after a crash");
}

#[test]
fn at_a_chunk() {
    check("a chunk");
}

#[test]
fn at_an_import() {
    check("an import");
}
