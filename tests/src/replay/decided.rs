//! Determines which reason codes the program recorded.

use agent_baton_core::agent::Agent;
use serde_json::Value;

use crate::state::State;

/// Returns whether an installed baton is called on this event.
#[must_use]
pub fn is_hooked(agent: Agent, event: &str) -> bool {
    let own: &[&str] = match agent {
        Agent::Claude => &["StopFailure", "Notification"],
        Agent::Codex => &["Interrupt", "PermissionRequest"],
    };
    ["SessionStart", "UserPromptSubmit", "Stop", "PreCompact", "SessionEnd"].contains(&event) || own.contains(&event)
}

/// Returns the reason codes of what happened between two states: those of the new audit lines, or else what the fast
/// path wrote.
pub(super) fn decided(before: &State, after: &State) -> String {
    let old = before.audit();
    let reasons: Vec<String> = after.audit().iter().filter(|line| !old.contains(line)).map(reasons).collect();
    if !reasons.is_empty() {
        reasons.join(" | ")
    } else if after.logged() > before.logged() {
        "heartbeat".to_owned()
    } else {
        "nothing".to_owned()
    }
}

fn reasons(line: &Value) -> String {
    let decision = line.get("decision").filter(|decision| decision.is_object()).unwrap_or(line);
    let reason = decision["reason"].as_str().unwrap_or_else(|| panic!("an audit line without a reason: {line}"));
    let also = decision["also"].as_array().into_iter().flatten().filter_map(Value::as_str);
    std::iter::once(reason).chain(also).collect::<Vec<_>>().join(", ")
}
#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn check(before: &[(&str, &str)], after: &[(&str, &str)], expected: &str) {
        let state = |files: &[(&str, &str)]| {
            let files = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
            State { files: files.collect() }
        };
        assert_eq!(decided(&state(before), &state(after)), expected);
    }

    #[test]
    fn new_lines_of_the_audit_speak_first_and_then_the_log() {
        let one = r#"{"n":1,"reason":"registered"}"#;
        let two = r#"{"n":2,"decision":{"reason":"ended","also":["superseded"]}}"#;
        let both = format!("{one}\n{two}\n");
        check(&[], &[("audit/audit.jsonl", one)], "registered");
        check(&[("audit/audit.jsonl", one)], &[("audit/audit.jsonl", &both)], "ended, superseded");
        check(&[], &[("audit/audit.jsonl", &both)], "registered | ended, superseded");
        // A rotation moves lines and adds none.
        check(&[("audit/audit.jsonl", one)], &[("audit/audit.1.jsonl", one)], "nothing");
        check(&[], &[("sessions/a.log", "x\n")], "heartbeat");
        check(&[("sessions/a.log", "x\n")], &[("sessions/a.log", "x\n")], "nothing");
    }
}
