//! Reads the end of an agent's own transcript. baton looks at the prompts in it and never stores them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use agent_baton_core::event::LastTurn;

use baton_fs::read::open_own;

/// How many bytes are read from the end. A larger size is tried only if the smaller one does not suffice, since a
/// transcript may hold pictures.
const TAIL_SIZES: [u64; 3] = [256 * 1024, 4 * 1024 * 1024, 16 * 1024 * 1024];

/// How many bytes of a compressed transcript are unpacked at most.
const MAX_UNPACKED_BYTES: u64 = 128 * 1024 * 1024;

/// The suffix that an agent adds to the name of a transcript when it compresses it.
const COMPRESSED: &str = ".zst";

/// Judges the last lines of a transcript, newest first. Returns `None` if they do not suffice. `whole` is true if
/// nothing comes before them.
pub(super) type JudgeLastTurn = fn(&mut dyn Iterator<Item = &[u8]>, whole: bool) -> Option<LastTurn>;

/// Reads the last lines, newest first, and whether nothing comes before them. Returns `None` if they do not suffice.
type ReadTail<'a, T> = &'a mut dyn FnMut(&mut dyn Iterator<Item = &[u8]>, bool) -> Option<T>;

/// Returns how the newest turn ended. Unknown if the transcript cannot be read, or if the part that is read does not
/// show it.
pub(super) fn last_turn(path: &Path, judge_last_turn: JudgeLastTurn) -> LastTurn {
    let turn = read_tails(path, &mut |lines, whole| judge_last_turn(lines, whole));
    turn.ok().flatten().unwrap_or(LastTurn::Unknown)
}

/// Reads longer and longer parts from the end of a transcript, until one suffices.
pub(super) fn read_tails<T>(path: &Path, read: ReadTail<'_, T>) -> io::Result<Option<T>> {
    match open_own(path) {
        Ok((file, _)) if is_compressed(path) => read_compressed_tail(file, read),
        Ok((file, meta)) => read_plain_tails(file, meta.len(), read),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_compressed(path) => {
            let mut beside = path.as_os_str().to_owned();
            beside.push(COMPRESSED);
            read_compressed_tail(open_own(Path::new(&beside))?.0, read)
        }
        Err(error) => Err(error),
    }
}

fn is_compressed(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(COMPRESSED.as_bytes())
}

fn read_plain_tails<T>(mut file: File, len: u64, read: ReadTail<'_, T>) -> io::Result<Option<T>> {
    for tail in TAIL_SIZES {
        file.seek(SeekFrom::Start(len.saturating_sub(tail)))?;
        let mut bytes = Vec::new();
        (&file).take(tail.min(len)).read_to_end(&mut bytes)?;
        let whole = len <= tail;
        if let Some(found) = read(&mut lines(&decode(bytes)), whole) {
            return Ok(Some(found));
        }
        if whole {
            break;
        }
    }
    Ok(None)
}

/// Reads a compressed transcript. It can only be unpacked from the beginning, so only its end is kept in memory.
fn read_compressed_tail<T>(file: File, read: ReadTail<'_, T>) -> io::Result<Option<T>> {
    let [.., most] = TAIL_SIZES;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let unpacked = ruzstd::decoding::StreamingDecoder::new(file).map_err(io::Error::other)?;
    let (mut bytes, mut whole, mut total) = (Vec::new(), true, 0_u64);
    let mut unpacked = unpacked.take(MAX_UNPACKED_BYTES);
    loop {
        let got = unpacked.by_ref().take(TAIL_SIZES[0]).read_to_end(&mut bytes)?;
        total += got as u64;
        if got == 0 {
            break;
        }
        if bytes.len() > most {
            bytes.drain(..bytes.len() / 2);
            whole = false;
        }
    }
    if total == MAX_UNPACKED_BYTES {
        return Ok(None);
    }
    Ok(read(&mut lines(&decode(bytes)), whole))
}

/// Replaces bytes that are no UTF-8, so that they cost one string and not its line.
pub(super) fn decode(bytes: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(text) => text.into_bytes(),
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned().into_bytes(),
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.rsplit(|byte| *byte == b'\n')
}

/// Returns the values in a line, newest first. A damaged line may hold several values, or text before the value. Then
/// every position at which one of `starts` occurs is tried.
pub(super) fn parse_values<'a, T: serde::Deserialize<'a>>(line: &'a [u8], starts: &[&[u8]]) -> Vec<T> {
    if let Ok(value) = serde_json::from_slice(line) {
        return vec![value];
    }
    let mut values = Vec::new();
    let mut rest = line;
    while let Some(at) = starts.iter().filter_map(|start| find(rest, start)).min() {
        rest = rest.get(at..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_slice(rest).into_iter::<T>();
        let len = match stream.next() {
            Some(Ok(value)) => {
                values.push(value);
                stream.byte_offset()
            }
            _ => 1,
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    values.reverse();
    values
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
