use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::policies::{Effect, Policy};

/// Checks what the policies in these files say: the file, the setting, its effect, and whether it is managed.
pub(super) fn check_policies(
    agent: Agent,
    files: &[(&str, &str)],
    expected: &[(&str, &str, Effect, bool)],
    calls_baton: bool,
    unreadable: usize,
) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let at = |name: &str| dir.path().join(name);
    let (etc, home, project) = (at("etc"), at("home"), at("project"));
    let read = policies(agent, &PolicyPlaces { etc: &etc, home: &home, project: Some(&project) });
    let shown = |policy: &Policy| {
        let path = policy.path.strip_prefix(dir.path()).unwrap().to_str().unwrap().to_owned();
        (path, policy.setting, policy.effect, policy.managed)
    };
    let found: Vec<_> = read.found.iter().map(shown).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(path, setting, effect, managed)| ((*path).to_owned(), *setting, *effect, *managed))
        .collect();
    assert_eq!(found, expected, "{files:?}");
    assert_eq!((read.calls_baton.is_some(), read.unreadable.len()), (calls_baton, unreadable), "{files:?}");
}

/// Checks for which place an agent ignores the whole file.
pub(super) fn check_shape(agent: Agent, file: &Value, expected: Option<&str>) {
    assert_eq!(config(agent).hooks.shape.spoiled_at(file).as_deref(), expected, "{agent}: {file}");
}

/// Which agent ignores the whole file for this value of `hooks.PreToolUse`.
fn check_event(groups: &Value, claude: Option<&str>, codex: Option<&str>) {
    for (agent, expected) in [(Agent::Claude, claude), (Agent::Codex, codex)] {
        check_shape(agent, &json!({"hooks": {"PreToolUse": groups}}), expected);
    }
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
}
