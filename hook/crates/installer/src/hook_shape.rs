//! Which values an agent does not take in its hooks, and what such a value costs.

use serde_json::Value;

/// The types of handlers.
const TYPES: [&str; 5] = ["command", "prompt", "agent", "http", "mcp_tool"];

/// Which values an agent takes in its hooks.
#[derive(Debug, Clone, Copy)]
pub struct HookShape {
    /// The events in which one value that it does not take costs the whole file. In all others it costs its own entry.
    /// `None` if it costs the whole file in each.
    pub guarding: Option<&'static [&'static str]>,
    /// Whether null counts as no list of an event.
    pub takes_null_event: bool,
    /// Whether null counts as no matcher, and as no text of a handler.
    pub takes_null: bool,
    /// Whether a group must have a list of handlers.
    pub needs_handlers: bool,
    /// Whether it takes a value as a timeout.
    pub takes_timeout: fn(&Value) -> bool,
    /// The fields of a handler that only this agent has.
    pub fields: &'static [Field],
    /// The key that turns all hooks off, if there is one. A value that is not true or false costs the whole file.
    pub switch: Option<&'static str>,
}

/// A field of a handler.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// As it stands in a sentence.
    pub shown: &'static str,
    /// Whether the agent takes a value.
    pub takes: fn(&Value) -> bool,
}

impl HookShape {
    /// Returns the place of a value for which the agent ignores the whole file, as it stands in a sentence.
    #[must_use]
    pub fn spoiled_at(&self, file: &Value) -> Option<String> {
        let switch = self.switch.filter(|switch| file.get(switch).is_some_and(|value| !value.is_boolean()));
        if let Some(switch) = switch {
            return Some(switch.to_owned());
        }
        let spoils = |event: &str| self.guarding.is_none_or(|guarding| guarding.contains(&event));
        let mut events = file.get("hooks").and_then(Value::as_object).into_iter().flatten();
        events.find_map(|(event, groups)| if spoils(event) { self.place_in_event(event, groups) } else { None })
    }

    fn place_in_event(&self, event: &str, groups: &Value) -> Option<String> {
        let Some(list) = groups.as_array() else {
            let is_ignored = groups.is_null() && self.takes_null_event;
            return (!is_ignored).then(|| format!("hooks.{event}"));
        };
        list.iter().find_map(|group| self.place_in_group(group)).map(|place| format!("{place} in hooks.{event}"))
    }

    fn place_in_group(&self, group: &Value) -> Option<&'static str> {
        let Some(group) = group.as_object() else { return Some("an entry") };
        if !self.takes_matcher(group.get("matcher")) {
            return Some("the matcher");
        }
        match group.get("hooks") {
            Some(Value::Array(handlers)) => handlers.iter().find_map(|handler| self.refused_field(handler)),
            None if !self.needs_handlers => None,
            _ => Some("the list of hooks"),
        }
    }

    /// Returns whether the agent takes this as the matcher of a group.
    #[must_use]
    pub fn takes_matcher(&self, matcher: Option<&Value>) -> bool {
        match matcher {
            None | Some(Value::String(_)) => true,
            Some(Value::Null) => self.takes_null,
            Some(_) => false,
        }
    }

    /// Returns the field of a handler with a value that the agent does not take, as it stands in a sentence.
    #[must_use]
    pub fn refused_field(&self, handler: &Value) -> Option<&'static str> {
        let Some(fields) = handler.as_object() else { return Some("a hook") };
        let takes_type = |value: &Value| value.as_str().is_some_and(|word| TYPES.contains(&word));
        if !fields.get("type").is_some_and(takes_type) {
            return Some("the type");
        }
        let refuses = |name: &str, takes: &dyn Fn(&Value) -> bool| fields.get(name).is_some_and(|value| !takes(value));
        let text = |value: &Value| value.is_string() || (self.takes_null && value.is_null());
        if refuses("command", &Value::is_string) {
            Some("the command")
        } else if refuses("timeout", &self.takes_timeout) {
            Some("the timeout")
        } else if refuses("async", &Value::is_boolean) {
            Some("async")
        } else if refuses("statusMessage", &text) {
            Some("statusMessage")
        } else {
            self.fields.iter().find(|field| refuses(field.name, &field.takes)).map(|field| field.shown)
        }
    }
}
