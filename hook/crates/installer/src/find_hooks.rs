//! Finds the hooks in a file, baton's and others.

use serde_json::Value;

use super::agent_hooks::AgentHooks;
use super::entries::{HookGroup, calls_baton};
use super::hook_shape::HookShape;

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
    /// Why the agent does not run it on each of these events, or does not use its answer.
    pub obstacle: Option<Obstacle>,
}

/// What keeps an agent from running a handler, or from using its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The group's matcher is not a string, so the agent ignores the group.
    MatcherType,
    /// The group's matcher lets only some of the events through.
    Matcher(String),
    /// The handler is not a command.
    Type,
    /// The agent does not take the value of this field, so it ignores the handler.
    Field(&'static str),
    /// The handler has a condition, which these events never meet.
    Condition,
    /// The agent does not wait for the handler, so the answer is lost.
    Async,
}

/// The events of which a matcher picks some. The agents ignore a matcher on the others.
const EVENTS_WITH_MATCHER: [&str; 5] =
    ["SessionStart", "SessionEnd", "Notification", "PreCompact", "PermissionRequest"];

impl Obstacle {
    fn find(shape: &HookShape, event: &str, matcher: Option<&Value>, handler: &Value) -> Option<Self> {
        if !shape.takes_matcher(matcher) {
            return Some(Self::MatcherType);
        }
        match matcher.and_then(Value::as_str) {
            None | Some("" | "*" | ".*") => {}
            Some(matcher) if EVENTS_WITH_MATCHER.contains(&event) => return Some(Self::Matcher(matcher.to_owned())),
            Some(_) => {}
        }
        let is_on = |name: &str| handler.get(name) == Some(&Value::Bool(true));
        if handler.get("type").and_then(Value::as_str) != Some("command") {
            Some(Self::Type)
        } else if let Some(field) = shape.refused_field(handler) {
            Some(Self::Field(field))
        } else if handler.get("if").is_some() {
            Some(Self::Condition)
        } else if is_on("async") || is_on("asyncRewake") {
            Some(Self::Async)
        } else {
            None
        }
    }
}

/// Returns all handlers of a file.
#[must_use]
pub fn handlers(file: &Value, shape: &HookShape) -> Vec<FoundHook> {
    let mut found = Vec::new();
    let events = file.get("hooks").and_then(Value::as_object).into_iter().flatten();
    for (event, groups) in events {
        for (at, group) in groups.as_array().into_iter().flatten().enumerate() {
            let any_matcher = group.get("matcher");
            let matcher = any_matcher.and_then(Value::as_str);
            let inner = group.get("hooks").and_then(Value::as_array).into_iter().flatten();
            found.extend(inner.enumerate().map(|(handler, value)| FoundHook {
                event: event.clone(),
                group: at,
                handler,
                matcher: matcher.map(str::to_owned),
                value: value.clone(),
                obstacle: Obstacle::find(shape, event, any_matcher, value),
            }));
        }
    }
    found
}

/// Returns the handlers that call baton for an agent.
#[must_use]
pub fn baton_calls(file: &Value, hooks: &AgentHooks) -> Vec<FoundHook> {
    handlers(file, &hooks.shape).into_iter().filter(|found| calls_baton(&found.value, hooks.agent)).collect()
}

/// Returns whether an event has exactly the one call that it should have.
#[must_use]
pub fn is_installed(calls: &[FoundHook], event: &str, wanted: &HookGroup) -> bool {
    let mut of_event = calls.iter().filter(|call| call.event == event);
    of_event.next().is_some_and(|call| call.value == wanted.handler() && call.matcher.is_none())
        && of_event.next().is_none()
}
