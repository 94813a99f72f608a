//! Which values the agents do not take in their hooks, and what such a value costs. Measured with Claude Code 2.1.332 and
//! Codex 0.171.0.

use agent_baton_core::agent::Agent;
use serde_json::Value;

/// The events in which one such value costs Claude Code the whole file: a hook that it cannot read may guard what the file
/// permits. In all others it costs its own entry.
const GUARDING_EVENTS: [&str; 2] = ["PreToolUse", "PermissionRequest"];

/// The types of handlers.
const TYPES: [&str; 5] = ["command", "prompt", "agent", "http", "mcp_tool"];

/// Returns the place of a value for which the agent ignores the whole file, as it stands in a sentence.
#[must_use]
pub fn spoiled_at(file: &Value, agent: Agent) -> Option<String> {
    if agent == Agent::Claude && file.get("disableAllHooks").is_some_and(|value| !value.is_boolean()) {
        return Some("disableAllHooks".to_owned());
    }
    let spoils = |event: &str| agent == Agent::Codex || GUARDING_EVENTS.contains(&event);
    let mut events = file.get("hooks").and_then(Value::as_object).into_iter().flatten();
    events.find_map(|(event, groups)| if spoils(event) { place_in_event(event, groups, agent) } else { None })
}

fn place_in_event(event: &str, groups: &Value, agent: Agent) -> Option<String> {
    let Some(list) = groups.as_array() else {
        let is_ignored = groups.is_null() && agent == Agent::Claude;
        return (!is_ignored).then(|| format!("hooks.{event}"));
    };
    list.iter().find_map(|group| place_in_group(group, agent)).map(|place| format!("{place} in hooks.{event}"))
}

fn place_in_group(group: &Value, agent: Agent) -> Option<&'static str> {
    let Some(group) = group.as_object() else { return Some("an entry") };
    if !takes_matcher(group.get("matcher"), agent) {
        return Some("the matcher");
    }
    match group.get("hooks") {
        Some(Value::Array(handlers)) => handlers.iter().find_map(|handler| refused_field(handler, agent)),
        None if agent == Agent::Codex => None,
        _ => Some("the list of hooks"),
    }
}

/// Returns whether the agent takes this as the matcher of a group. Claude Code ignores the group otherwise.
#[must_use]
pub fn takes_matcher(matcher: Option<&Value>, agent: Agent) -> bool {
    match matcher {
        None | Some(Value::String(_)) => true,
        Some(Value::Null) => agent == Agent::Codex,
        Some(_) => false,
    }
}

/// Returns the field of a handler with a value that the agent does not take. Claude Code ignores the handler then.
#[must_use]
pub fn refused_field(handler: &Value, agent: Agent) -> Option<&'static str> {
    let Some(fields) = handler.as_object() else { return Some("a hook") };
    let takes_type = |value: &Value| value.as_str().is_some_and(|word| TYPES.contains(&word));
    if !fields.get("type").is_some_and(takes_type) {
        return Some("the type");
    }
    let (is_claude, null) = (agent == Agent::Claude, agent == Agent::Codex);
    let takes_timeout = |value: &Value| match agent {
        Agent::Claude => value.as_f64().is_some_and(|seconds| seconds > 0.0),
        Agent::Codex => value.is_u64() || value.is_null(),
    };
    let refuses = |name: &str, takes: &dyn Fn(&Value) -> bool| fields.get(name).is_some_and(|value| !takes(value));
    let text = |value: &Value| value.is_string() || (null && value.is_null());
    if refuses("command", &Value::is_string) {
        Some("the command")
    } else if refuses("timeout", &takes_timeout) {
        Some("the timeout")
    } else if refuses("async", &Value::is_boolean) {
        Some("async")
    } else if refuses("statusMessage", &text) {
        Some("statusMessage")
    } else if is_claude && refuses("asyncRewake", &Value::is_boolean) {
        Some("asyncRewake")
    } else if is_claude && refuses("once", &Value::is_boolean) {
        Some("once")
    } else if is_claude && refuses("if", &Value::is_string) {
        Some("if")
    } else if is_claude && refuses("args", &Value::is_array) {
        Some("args")
    } else if is_claude && refuses("shell", &|value| matches!(value.as_str(), Some("bash" | "powershell"))) {
        Some("the shell")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(agent: Agent, file: Value, expected: Option<&str>) {
        assert_eq!(spoiled_at(&file, agent).as_deref(), expected, "{agent}: {file}");
    }

    /// Which agent ignores the whole file for this value of `hooks.PreToolUse`.
    fn check_event(groups: &Value, claude: Option<&str>, codex: Option<&str>) {
        for (agent, expected) in [(Agent::Claude, claude), (Agent::Codex, codex)] {
            check(agent, json!({"hooks": {"PreToolUse": groups}}), expected);
        }
        check(Agent::Claude, json!({"hooks": {"PostToolUse": groups}}), None);
    }

    #[test]
    fn what_costs_the_whole_file() {
        let handler = |fields: Value| {
            let mut handler = json!({"type": "command", "command": "x"});
            handler.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            json!([{"hooks": [handler]}])
        };
        let both = |groups: Value, place: &str| check_event(&groups, Some(place), Some(place));
        check_event(&json!([]), None, None);
        check_event(&handler(json!({"timeout": 5, "later": "x"})), None, None);
        both(json!({}), "hooks.PreToolUse");
        check_event(&json!(null), None, Some("hooks.PreToolUse"));
        both(json!([null]), "an entry in hooks.PreToolUse");
        check_event(&json!([{}]), Some("the list of hooks in hooks.PreToolUse"), None);
        both(json!([{"hooks": null}]), "the list of hooks in hooks.PreToolUse");
        both(json!([{"hooks": ["x"]}]), "a hook in hooks.PreToolUse");
        both(json!([{"hooks": [{"command": "x"}]}]), "the type in hooks.PreToolUse");
        both(json!([{"hooks": [{"type": "other"}]}]), "the type in hooks.PreToolUse");
        both(json!([{"matcher": ["Bash"], "hooks": []}]), "the matcher in hooks.PreToolUse");
        check_event(&json!([{"matcher": null, "hooks": []}]), Some("the matcher in hooks.PreToolUse"), None);
        both(handler(json!({"command": 5})), "the command in hooks.PreToolUse");
        both(handler(json!({"timeout": "5"})), "the timeout in hooks.PreToolUse");
        both(handler(json!({"timeout": -1})), "the timeout in hooks.PreToolUse");
        for claude_only in [json!(0), json!(null)] {
            check_event(&handler(json!({"timeout": claude_only})), Some("the timeout in hooks.PreToolUse"), None);
        }
        check_event(&handler(json!({"timeout": 1.5})), None, Some("the timeout in hooks.PreToolUse"));
        both(handler(json!({"async": "true"})), "async in hooks.PreToolUse");
        check_event(&handler(json!({"if": 5})), Some("if in hooks.PreToolUse"), None);
        check_event(&handler(json!({"shell": "zsh"})), Some("the shell in hooks.PreToolUse"), None);
        for value in [json!("true"), json!(null), json!(1)] {
            check(Agent::Claude, json!({"disableAllHooks": value}), Some("disableAllHooks"));
        }
        check(Agent::Claude, json!({"disableAllHooks": false}), None);
    }
}
