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
    /// Why the agent does not run it on each of these events.
    pub obstacle: Option<Obstacle>,
}

/// What keeps an agent from running a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The group's matcher is not a string. The agent then ignores the whole file.
    MatcherType,
    /// The group's matcher is null, for which Claude Code ignores the whole file. Codex takes it for none.
    MatcherNull,
    /// The group's matcher lets only some of the events through.
    Matcher(String),
    /// The handler has a condition, which these events never meet.
    Condition,
    /// The handler is not a command.
    Type,
}

/// The events of which a matcher picks some. The agents ignore a matcher on the others.
const EVENTS_WITH_MATCHER: [&str; 5] =
    ["SessionStart", "SessionEnd", "Notification", "PreCompact", "PermissionRequest"];

impl Obstacle {
    fn find(event: &str, matcher: Option<&Value>, handler: &Value) -> Option<Self> {
        match matcher {
            None => {}
            Some(Value::String(matcher)) if matches!(matcher.as_str(), "" | "*" | ".*") => {}
            Some(Value::String(matcher)) if EVENTS_WITH_MATCHER.contains(&event) => {
                return Some(Self::Matcher(matcher.clone()));
            }
            Some(Value::String(_)) => {}
            Some(Value::Null) => return Some(Self::MatcherNull),
            Some(_) => return Some(Self::MatcherType),
        }
        if handler.get("type").and_then(Value::as_str) != Some("command") {
            Some(Self::Type)
        } else if handler.get("if").is_some() {
            Some(Self::Condition)
        } else {
            None
        }
    }

    /// Returns whether it keeps this agent from running the handler.
    #[must_use]
    pub fn matters_to(&self, agent: Agent) -> bool {
        *self != Self::MatcherNull || agent == Agent::Claude
    }

    /// Returns whether this agent ignores the whole file for it.
    #[must_use]
    pub fn spoils_file(&self, agent: Agent) -> bool {
        matches!(self, Self::MatcherNull | Self::MatcherType) && self.matters_to(agent)
    }
}

/// Returns all handlers of a file.
#[must_use]
pub fn handlers(file: &Value) -> Vec<FoundHook> {
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
                obstacle: Obstacle::find(event, any_matcher, value),
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
