//! Reads the tool calls of the newest turn from a Codex rollout.

use super::transcript_lines::{LINE_STARTS, Line};
use crate::tool_calls::CallReader;
use crate::transcript::parse_values;

/// Adds lines, newest first, until the turn begins.
pub(crate) fn read_calls(lines: &mut dyn Iterator<Item = &[u8]>, reader: &mut CallReader) {
    let mut lines = lines.flat_map(|line| parse_values::<Line>(line, &LINE_STARTS));
    lines.any(|line| add(&line, reader).unwrap_or(false));
}

/// Returns whether the turn begins with this line, or `None` if the line is neither a call nor a prompt.
fn add(line: &Line, reader: &mut CallReader) -> Option<bool> {
    let payload = line.payload.as_ref()?;
    let id = payload.call_id.as_ref().map(|id| id.0.as_str());
    let at = line.timestamp.as_ref().map(|at| at.0.as_str());
    match (line.kind.as_ref()?.0.as_str(), payload.kind.as_ref()?.0.as_str()) {
        ("event_msg", _) if payload.is_prompt() => return Some(true),
        ("response_item", "message") if payload.is_typed() => return Some(true),
        ("response_item", call) if call.ends_with("_call_output") => reader.result(id, at),
        ("response_item", "function_call" | "custom_tool_call" | "local_shell_call") => reader.call(id, at),
        _ => {}
    }
    None
}
