//! Reads the end of the conversation from a Claude Code transcript.

use super::transcript_lines::{Author, Block, LINE_STARTS, Line, author, blocks};
use crate::conversation::{ConversationReader, Speaker};
use crate::transcript::parse_values;

/// Adds lines, newest first.
pub(crate) fn read_conversation(lines: &mut dyn Iterator<Item = &[u8]>, reader: &mut ConversationReader) {
    for line in lines {
        for line in parse_values::<Line<'_>>(line, &LINE_STARTS) {
            add(&line, reader);
        }
        if reader.is_complete() {
            return;
        }
    }
}

fn add(line: &Line<'_>, reader: &mut ConversationReader) {
    if line.is_sidechain || line.is_meta || line.is_compact_summary {
        return;
    }
    let Some(message) = line.message.as_ref() else { return };
    let blocks = blocks(message);
    match line.kind.as_ref().map(|kind| kind.0.as_str()) {
        Some("assistant") => blocks.iter().rev().for_each(|block| answer(block, reader)),
        Some("user") => {
            let results = blocks.iter().filter(|block| block.is("tool_result"));
            results.filter_map(|block| block.tool_use_id.as_ref()).for_each(|id| reader.result(&id.0));
            if author(&blocks) == Author::User {
                reader.message(Speaker::User, &text(&blocks));
            }
        }
        _ => {}
    }
}

fn answer(block: &Block, reader: &mut ConversationReader) {
    if block.is("tool_use") {
        let id = block.id.as_ref().map(|id| id.0.as_str());
        let name = block.name.as_ref().map_or("a tool", |name| name.0.as_str());
        reader.call(id, name, block.input.as_deref().map(serde_json::value::RawValue::get));
    } else if block.is("text") {
        reader.message(Speaker::Agent, block.text());
    }
}

/// Returns the texts of a prompt. The blocks in between may hold pictures.
fn text(blocks: &[Block]) -> String {
    let texts: Vec<&str> = blocks.iter().filter(|block| block.is("text")).map(Block::text).collect();
    texts.join("\n")
}
