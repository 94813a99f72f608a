//! Reads the end of the conversation from a Codex rollout.

use super::transcript_lines::{LINE_STARTS, Line, Payload, is};
use crate::conversation::{ConversationReader, Speaker};
use crate::transcript::parse_values;

/// Adds lines, newest first.
pub(crate) fn read_conversation(lines: &mut dyn Iterator<Item = &[u8]>, reader: &mut ConversationReader) {
    for line in lines {
        for line in parse_values::<Line>(line, &LINE_STARTS) {
            let _ = add(&line, reader);
        }
        if reader.is_complete() {
            return;
        }
    }
}

/// Returns `None` if the line has nothing to add.
fn add(line: &Line, reader: &mut ConversationReader) -> Option<()> {
    let payload = line.payload.as_ref()?;
    match (line.kind.as_ref()?.0.as_str(), payload.kind.as_ref()?.0.as_str()) {
        ("event_msg", _) if payload.is_prompt() => reader.message(Speaker::User, &payload.prompt_text()),
        ("response_item", "message") if is(payload.role.as_ref(), "assistant") => {
            reader.message(Speaker::Agent, &payload.content_text());
        }
        ("response_item", "message") if payload.is_typed() => reader.message(Speaker::User, &payload.content_text()),
        ("response_item", call) if call.ends_with("_call_output") => reader.result(&payload.call_id.as_ref()?.0),
        ("response_item", "function_call" | "custom_tool_call" | "local_shell_call") => call(payload, reader),
        _ => {}
    }
    Some(())
}

fn call(payload: &Payload, reader: &mut ConversationReader) {
    let id = payload.call_id.as_ref().map(|id| id.0.as_str());
    let name = payload.name.as_ref().map_or("a tool", |name| name.0.as_str());
    reader.call(id, name, payload.arguments.as_ref().map(|arguments| arguments.0.as_str()));
}
