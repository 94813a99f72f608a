//! **Architecture invariant.** The same request gives the same bytes natively and in WASM.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::LazyLock;

use agent_baton_core::decision::Decision;
use baton_core_host::{Core, MAX_REQUEST_BYTES};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::history;
use crate::world::World;

static CORE: LazyLock<Core> = LazyLock::new(|| Core::load().unwrap());

/// Returns the request of an event that changes nothing: a prompt of the launch that owns the session's run.
fn prompt() -> Value {
    serde_json::from_str(include_str!("../requests/prompt.json")).unwrap()
}

/// Collects every value of a request that contains no other value, as a JSON pointer.
fn leaves(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| leaves(value, &format!("{at}/{key}"), into)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), into));
        }
        _ => into.push(at.to_owned()),
    }
}

/// Returns the reply, which must be the same from both.
fn both(request: &[u8]) -> Vec<u8> {
    let native = agent_baton_core::decide_bytes(request);
    let wasm = CORE.decide_bytes(request).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&native),
        String::from_utf8_lossy(&wasm),
        "for {}",
        String::from_utf8_lossy(request)
    );
    wasm
}

fn check(name: &str, edits: &[(&str, Value)], expected: &str) {
    let mut request = prompt();
    for (pointer, value) in edits {
        *request.pointer_mut(pointer).unwrap_or_else(|| panic!("{name}: {pointer}")) = value.clone();
    }
    let decision: Decision = serde_json::from_slice(&both(&serde_json::to_vec(&request).unwrap())).unwrap();
    assert_eq!(decision.reason.word(), expected, "{name}");
}

const LOCKED: &str = "/locked";
const NAME: &str = "/input/event/name";
const PID: &str = "/input/event/process/pid";
const INPUT: &str = "/input";
const PROBE_STATE: &str = "/snapshot/probes/0/state";

#[test]
fn ordinary_requests() {
    let event = |name: &str| (NAME, json!(name));
    let locked = || (LOCKED, json!(true));
    let command = |command: Value| (INPUT, json!({ "command": command }));
    let caller = |fence: u64| json!({ "fence": fence, "session": null, "ancestors": [] });
    let verify = |fence| command(json!({ "verify": { "run": "r-0001", "caller": caller(fence) } }));

    check("prompt of the owner", &[], "heartbeat");
    check("prompt under the lock", &[locked()], "heartbeat");
    check("the owner ends", &[locked(), event("session_end")], "ended");
    check("another process, owner alive", &[locked(), (PID, json!(5000))], "owner_alive");
    check(
        "another process, owner gone",
        &[locked(), (PID, json!(5000)), (PROBE_STATE, json!("gone"))],
        "resumed_same_session",
    );
    check("without the lock", &[(PID, json!(5000))], "needs_lock");
    check("the owner's fence", &[locked(), verify(2)], "verified");
    check("an older fence", &[locked(), verify(1)], "fence_stale");
    check(
        "a user's cancel",
        &[locked(), command(json!({ "cancel": { "run": "r-0001", "why": "\u{1f642}" } }))],
        "cancelled",
    );
}

/// The store adds these fields again when it writes the record.
#[test]
fn fields_that_the_core_does_not_know_change_nothing() {
    let mut request = prompt();
    request["locked"] = json!(true);
    request["input"]["event"]["name"] = json!("session_end");
    let expected = both(&serde_json::to_vec(&request).unwrap());
    assert!(String::from_utf8_lossy(&expected).contains(r#""reason":"ended""#));
    for odd in [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5e300),
        json!(0.1),
        json!(-0.0),
        json!("\u{0}\u{7f}\u{2028}"),
        json!([{}]),
    ] {
        request["snapshot"]["session"]["live"]["of-another-version"] = odd.clone();
        assert_eq!(both(&serde_json::to_vec(&request).unwrap()), expected, "{odd}");
    }
}

#[test]
fn as_deep_as_the_parser_goes_and_deeper() {
    for depth in [1, 60, 100, 110, 115, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 1000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for instead in [deep.clone(), format!("7,\"of-another-version\":{deep}")] {
                let request = prompt().to_string();
                let deeper = request.replacen("\"revision\":7", &format!("\"revision\":{instead}"), 1);
                assert_ne!(request, deeper);
                both(deeper.as_bytes());
            }
            both(deep.as_bytes());
        }
    }
}

#[test]
fn the_longest_request_is_within_the_limits_of_the_core() {
    let mut request = prompt();
    request["locked"] = json!(true);
    request["input"]["event"]["name"] = json!("session_end");
    let mut launch = request["snapshot"]["session"]["live"]["launches"][0].clone();
    let more = (MAX_REQUEST_BYTES - request.to_string().len()) / (launch.to_string().len() + 5);
    for pid in 0..more {
        launch["process"]["pid"] = json!(10_000 + pid);
        let launches = request["snapshot"]["session"]["live"]["launches"].as_array_mut();
        launches.unwrap().push(launch.clone());
    }
    let request = request.to_string();
    assert!(request.len() > MAX_REQUEST_BYTES / 100 * 98, "{}", request.len());
    let decision: Decision = serde_json::from_slice(&both(request.as_bytes())).unwrap();
    assert_eq!(decision.reason.word(), "ended");
}

/// Generates a value of another type, of another size, or from another place in the request.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        (0..200usize).prop_map(|index| {
            let (prompt, mut all) = (prompt(), Vec::new());
            leaves(&prompt, "", &mut all);
            prompt.pointer(&all[index % all.len()]).unwrap().clone()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(request in prop::collection::vec(any::<u8>(), 0..300)) {
        both(&request);
    }

    #[test]
    fn a_request_cut_short(len in 0..5000usize) {
        let request = prompt().to_string();
        both(&request.as_bytes()[..len.min(request.len())]);
    }

    #[test]
    fn a_request_with_values_replaced(edits in prop::collection::vec((0..200usize, value()), 1..4), locked: bool) {
        let mut request = prompt();
        let mut all = Vec::new();
        leaves(&request, "", &mut all);
        request["locked"] = json!(locked);
        for (index, value) in edits {
            *request.pointer_mut(&all[index % all.len()]).unwrap() = value;
        }
        both(&serde_json::to_vec(&request).unwrap());
    }
}

/// Asks both, with the request of a random history.
fn decide_by_both(request: &agent_baton_core::request::Request) -> Decision {
    serde_json::from_slice(&both(&serde_json::to_vec(request).unwrap())).unwrap()
}

/// How many random histories both decide. They give some hundreds of requests of every kind.
const HISTORIES: u64 = 30;

#[test]
fn every_request_of_random_histories() {
    for seed in 0..HISTORIES {
        let mut world = World::default();
        world.decide = decide_by_both;
        history::model::play(&history::script(seed), &mut world).unwrap();
    }
}
