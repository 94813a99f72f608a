//! For the payloads of the real clients, and for each of them with one field changed, the parser and the published
//! schema agree.

use agent_baton_core::agent::Agent;
use agent_baton_tests::mutation::{disagreements, recorded};
use baton_agents::raw_event::RawEvent;
use baton_agents::spec;
use serde_json::{Map, Value, json};

fn raw(bytes: &[u8]) -> RawEvent {
    RawEvent::from_argument(String::from_utf8_lossy(bytes).into_owned())
}

#[test]
fn of_payloads() {
    for agent in Agent::ALL {
        let schema = jsonschema::validator_for(spec(agent).schema().as_value()).unwrap();
        let payloads = recorded(agent);
        let (compared, found) =
            disagreements(&payloads, |value| schema.is_valid(value), |bytes| spec(agent).parse(&raw(bytes)).is_ok());
        assert!(compared > 1000, "{agent}: {compared}");
        assert!(found.is_empty(), "{agent}: {} of {compared}: {:#?}", found.len(), &found[..found.len().min(20)]);
    }
}

#[test]
fn of_notifications() {
    let Value::Object(told): Value = json!({
        "type": "agent-turn-complete", "thread-id": "01a1c0de", "turn-id": "t", "cwd": "/w", "client": "codex-tui",
        "input-messages": ["words"], "last-assistant-message": "words"
    }) else {
        unreachable!()
    };
    let schema = spec(Agent::Codex).notification_schema().unwrap();
    let schema = jsonschema::validator_for(schema.as_value()).unwrap();
    let payloads: [Map<String, Value>; 1] = [told];
    let (compared, found) = disagreements(
        &payloads,
        |value| schema.is_valid(value),
        |bytes| spec(Agent::Codex).parse_notification(&raw(bytes)).unwrap().is_ok(),
    );
    assert!(compared > 50, "{compared}");
    assert!(found.is_empty(), "{found:#?}");
    assert!(spec(Agent::Claude).parse_notification(&raw(b"{}")).is_none());
    assert!(spec(Agent::Claude).notification_schema().is_none());
}
