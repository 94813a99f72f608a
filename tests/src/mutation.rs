//! Payloads that are wrong in one place, to compare the published schema with the parser.

use std::collections::HashSet;

use agent_baton_core::agent::Agent;
use serde_json::{Map, Value, json};

use crate::capture::{Capture, HOME};

/// Returns the values that replace a field: each JSON type, and the empty forms.
fn replacements() -> [Value; 11] {
    let text = "x".repeat(300);
    [
        Value::Null,
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!(text),
        json!([]),
        json!({}),
        json!([{"x": "x"}]),
    ]
}

/// Returns every payload that differs from `payload` in one field, with a description of the change. The field is
/// removed, or has another type or value. Fields of nested objects are changed, too.
#[must_use]
pub fn mutations(payload: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (key, value) in payload {
        let mut put = |what: String, new: Option<Value>| {
            let mut changed = payload.clone();
            match new {
                Some(new) => drop(changed.insert(key.clone(), new)),
                None => drop(changed.remove(key)),
            }
            all.push((what, Value::Object(changed)));
        };
        put(format!("{key} removed"), None);
        for new in replacements().into_iter().filter(|new| new != value) {
            put(format!("{key} = {new:.40}"), Some(new));
        }
        if let Value::Object(inner) = value {
            for (what, new) in mutations(inner) {
                put(format!("{key}.{what}"), Some(new));
            }
        }
    }
    let mut more = payload.clone();
    more.insert("a field of a later version".to_owned(), json!({"x": [1]}));
    all.push(("a field more".to_owned(), Value::Object(more)));
    all
}

/// Returns one payload of each shape: event, keys, and types of the values.
#[must_use]
pub fn one_of_each_shape(payloads: impl IntoIterator<Item = Value>) -> Vec<Map<String, Value>> {
    let mut shapes = HashSet::new();
    payloads
        .into_iter()
        .filter_map(|payload| match payload {
            Value::Object(payload) => Some(payload),
            _ => None,
        })
        .filter(|payload| {
            let types: Vec<_> =
                payload.iter().map(|(key, value)| (key.clone(), std::mem::discriminant(value))).collect();
            let event = payload.get("hook_event_name").and_then(Value::as_str).unwrap_or_default().to_owned();
            shapes.insert((event, types))
        })
        .collect()
}

/// Returns one payload of each shape that an agent was recorded to send.
#[must_use]
pub fn recorded(agent: Agent) -> Vec<Map<String, Value>> {
    let captures = Capture::all(agent);
    let calls = captures.iter().flat_map(|capture| &capture.calls);
    one_of_each_shape(calls.map(|call| serde_json::from_str(&call.payload(HOME)).expect("JSON")))
}

/// Returns a description of each payload and mutation on which the two disagree, and how many were compared. The
/// description should be empty.
pub fn disagreements(
    payloads: &[Map<String, Value>],
    schema_accepts: impl Fn(&Value) -> bool,
    parser_accepts: impl Fn(&[u8]) -> bool,
) -> (usize, Vec<String>) {
    let mut compared = 0;
    let mut found = Vec::new();
    for payload in payloads {
        let unchanged = ("unchanged".to_owned(), Value::Object(payload.clone()));
        for (what, value) in mutations(payload).into_iter().chain([unchanged]) {
            compared += 1;
            let by_schema = schema_accepts(&value);
            let by_parser = parser_accepts(value.to_string().as_bytes());
            if by_schema != by_parser {
                let event = payload.get("hook_event_name").unwrap_or(&Value::Null);
                found.push(format!("{event}, {what}: schema {by_schema}, parser {by_parser}"));
            }
        }
    }
    (compared, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_removed_and_given_each_type() {
        let Value::Object(payload) = json!({"a": "x", "o": {"i": 1, "j": 2}}) else { unreachable!() };
        let all = mutations(&payload);
        // a: removed, and 10 other values. o: removed, 11 other values, and inside it twice 1 + 11, and 1. Plus one
        // additional field.
        assert_eq!(all.len(), 11 + 12 + 25 + 1);
        let mut seen = HashSet::new();
        for (what, value) in &all {
            assert_ne!(*value, Value::Object(payload.clone()), "{what}");
            assert!(seen.insert(value.to_string()), "{what} twice");
        }
    }

    #[test]
    fn a_disagreement_is_found_and_agreement_is_not() {
        let Value::Object(payload) = json!({"hook_event_name": "Stop", "id": "x"}) else { unreachable!() };
        let strict = |value: &Value| value.get("id").is_some_and(Value::is_string);
        let parser = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).is_ok_and(|value| strict(&value));
        let (compared, found) = disagreements(std::slice::from_ref(&payload), strict, parser);
        assert_eq!((compared, found), (1 + 12 + 11 + 1, Vec::new()));
        let lax = |value: &Value| value.get("id").is_some();
        let (_, found) = disagreements(&[payload], lax, parser);
        assert_eq!(found.len(), 8, "{found:?}");
        assert!(found.iter().any(|line| line.contains("id = null")), "{found:?}");
    }

    #[test]
    fn shapes_are_told_apart_by_event_keys_and_types() {
        let all = [
            json!({"hook_event_name": "Stop", "a": 1}),
            json!({"hook_event_name": "Stop", "a": 2}),
            json!({"hook_event_name": "Stop", "a": "1"}),
            json!({"hook_event_name": "Start", "a": 1}),
            json!({"hook_event_name": "Stop"}),
            json!([]),
        ];
        assert_eq!(one_of_each_shape(all).len(), 4);
    }

    #[test]
    fn the_recordings_have_many_shapes() {
        for (agent, events) in [(Agent::Claude, 20), (Agent::Codex, 13)] {
            let payloads = recorded(agent);
            let names: HashSet<&str> =
                payloads.iter().map(|payload| payload["hook_event_name"].as_str().unwrap()).collect();
            assert_eq!(names.len(), events, "{agent}: {names:?}");
            assert!(payloads.len() > events, "{agent}: {}", payloads.len());
        }
    }
}
