//! Finds the hooks in a file, baton's and others.

use agent_baton_core::agent::Agent;
use serde_json::Value;

use super::entries::{HookGroup, calls_baton};

/// One handler and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundHook {
    /// The event.
    pub event: String,
    /// The position of its group in the event's list.
    pub group: usize,
    /// Its position in the group.
    pub handler: usize,
    /// The group's matcher.
    pub matcher: Option<String>,
    /// The handler as JSON.
    pub value: Value,
}

/// Returns all handlers of a file.
#[must_use]
pub fn handlers(file: &Value) -> Vec<FoundHook> {
    let mut found = Vec::new();
    let events = file.get("hooks").and_then(Value::as_object).into_iter().flatten();
    for (event, groups) in events {
        for (at, group) in groups.as_array().into_iter().flatten().enumerate() {
            let matcher = group.get("matcher").and_then(Value::as_str);
            let inner = group.get("hooks").and_then(Value::as_array).into_iter().flatten();
            found.extend(inner.enumerate().map(|(handler, value)| FoundHook {
                event: event.clone(),
                group: at,
                handler,
                matcher: matcher.map(str::to_owned),
                value: value.clone(),
            }));
        }
    }
    found
}

/// Returns the handlers that call baton for an agent.
#[must_use]
pub fn baton_calls(file: &Value, agent: Agent) -> Vec<FoundHook> {
    handlers(file).into_iter().filter(|found| calls_baton(&found.value, agent)).collect()
}

/// Returns whether an event has exactly the one call that it should have.
#[must_use]
pub fn is_installed(calls: &[FoundHook], event: &str, wanted: &HookGroup) -> bool {
    let mut of_event = calls.iter().filter(|call| call.event == event);
    of_event.next().is_some_and(|call| call.value == wanted.handler() && call.matcher.is_none())
        && of_event.next().is_none()
}
