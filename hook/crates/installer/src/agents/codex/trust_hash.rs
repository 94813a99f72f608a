//! The hash by which Codex trusts a hook.
//!
//! Codex runs a hook only after the user has trusted it. It stores the trust in config.toml, by the place of the
//! entry (file, event, position of the group, position in the group) and the hash of the entry.

use std::collections::BTreeMap;

use baton_fs::hash::sha256_hex;
use serde_json::{Value, json};

/// The timeout that Codex gives a hook without one, in seconds.
const DEFAULT_TIMEOUT: u64 = 600;

/// The default and the maximum timeout of SessionEnd and Interrupt, in seconds.
const END_TIMEOUT: (u64, u64) = (1, 3);

/// Returns the part of a key after the path: `session_start:0:0`.
pub(super) fn position_key(event: &str, group: usize, handler: usize) -> String {
    format!("{}:{group}:{handler}", to_snake_case(event))
}

fn to_snake_case(event: &str) -> String {
    let mut text = String::with_capacity(event.len() + 4);
    for c in event.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// Returns the hash of a handler as Codex 0.169 computes it: the SHA-256 of the canonical JSON (sorted keys, no
/// spaces) of the event, the matcher and the handler with its effective timeout. Returns `None` if the handler is not
/// a command.
pub(super) fn handler_hash(event: &str, matcher: Option<&str>, handler: &Value) -> Option<String> {
    let is_end = matches!(event, "SessionEnd" | "Interrupt");
    let default = if is_end { END_TIMEOUT.0 } else { DEFAULT_TIMEOUT };
    let asked = handler.get("timeout").and_then(Value::as_u64).unwrap_or(default);
    let timeout = if is_end { asked.min(END_TIMEOUT.1) } else { asked }.max(1);
    let mut normal = BTreeMap::from([
        ("type", json!("command")),
        ("command", json!(handler.get("command")?.as_str()?)),
        ("timeout", json!(timeout)),
        ("async", json!(handler.get("async").and_then(Value::as_bool).unwrap_or(false))),
    ]);
    if let Some(message) = handler.get("statusMessage").and_then(Value::as_str) {
        normal.insert("statusMessage", json!(message));
    }
    let mut whole = BTreeMap::from([("event_name", json!(to_snake_case(event))), ("hooks", json!([normal]))]);
    if let Some(matcher) = matcher {
        whole.insert("matcher", json!(matcher));
    }
    Some(format!("sha256:{}", sha256_hex(&serde_json::to_vec(&whole).ok()?, 32)))
}
