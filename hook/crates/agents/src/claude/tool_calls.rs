//! Reads the tool calls of the newest turn from a Claude Code transcript.

use super::transcript_lines::{Author, LINE_STARTS, Line, author, blocks};
use crate::tool_calls::CallReader;
use crate::transcript::parse_values;

/// Adds lines, newest first, until the turn begins.
pub(crate) fn read_calls(lines: &mut dyn Iterator<Item = &[u8]>, reader: &mut CallReader) {
    let mut lines = lines.flat_map(|line| parse_values::<Line<'_>>(line, &LINE_STARTS));
    lines.any(|line| add(&line, reader));
}

/// Returns whether the turn begins with this line.
fn add(line: &Line<'_>, reader: &mut CallReader) -> bool {
    if line.is_sidechain || line.is_meta {
        return false;
    }
    let Some(message) = line.message.as_ref() else { return false };
    let blocks = blocks(message);
    let at = line.timestamp.as_ref().map(|at| at.0.as_str());
    match line.kind.as_ref().map(|kind| kind.0.as_str()) {
        Some("assistant") => {
            for call in blocks.iter().filter(|block| block.is("tool_use")) {
                reader.call(call.id.as_ref().map(|id| id.0.as_str()), at);
            }
            false
        }
        Some("user") => {
            for result in blocks.iter().filter(|block| block.is("tool_result")) {
                reader.result(result.tool_use_id.as_ref().map(|id| id.0.as_str()), at);
            }
            line.is_compact_summary || matches!(author(&blocks), Author::User | Author::Task)
        }
        _ => false,
    }
}
