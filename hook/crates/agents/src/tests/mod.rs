//! Tests of payloads as data, and of everything that needs processes on real ones.

mod context_usage;
mod conversation;
mod conversation_directory;
mod inspector;
mod last_turn;
mod payloads;
mod processes;
mod started_with;
mod tool_calls;
mod transcript_place;
mod tree;

use crate::raw_event::{RawEvent, ReadLimits};

/// Wraps the text as an event from stdin.
fn raw(text: &str) -> RawEvent {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    RawEvent::read(&file, ReadLimits::default()).unwrap()
}
