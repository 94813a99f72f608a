//! Payloads as data, and everything that needs processes on real ones.

mod gauges;
mod payloads;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod tree;
mod turns;
#[cfg(target_os = "linux")]
mod witness;

use crate::event::{Limits, RawEvent};

/// The text as an event from stdin.
fn raw(text: &str) -> RawEvent {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    RawEvent::read(&file, Limits::default()).unwrap()
}
