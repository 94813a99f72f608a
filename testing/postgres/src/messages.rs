//! Takes the stream of a connection apart into the messages of PostgreSQL's protocol.

use std::io::{self, Read};

/// The type of a message that begins a connection, which has none.
pub const STARTUP: u8 = 0;

/// Reads one message: its type and all its bytes. The first messages of a client have no type.
pub fn read(stream: &mut impl Read, has_type: bool) -> io::Result<(u8, Vec<u8>)> {
    let head = if has_type { 5 } else { 4 };
    let mut bytes = vec![0; head];
    stream.read_exact(&mut bytes)?;
    let length = bytes[head - 4..].iter().fold(0, |length, byte| length * 256 + usize::from(*byte));
    let start = bytes.len();
    bytes.resize(start + length.saturating_sub(4), 0);
    stream.read_exact(&mut bytes[start..])?;
    Ok((if has_type { bytes[0] } else { STARTUP }, bytes))
}

/// Returns whether a client's message begins a statement. The server carries it out from there, before it is complete.
pub const fn begins_statement(kind: u8) -> bool {
    matches!(kind, b'P' | b'Q')
}

/// Returns whether a client's message ends a statement, so that the server answers.
pub const fn ends_statement(kind: u8) -> bool {
    matches!(kind, b'S' | b'Q')
}

/// Returns whether a server's message ends the answer to a statement.
pub const fn ends_answer(kind: u8) -> bool {
    kind == b'Z'
}
