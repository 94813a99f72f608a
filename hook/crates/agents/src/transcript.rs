//! The end of an agent's own transcript. The prompts in it are looked at and never kept.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use agent_baton_core::event::LastTurn;

use baton_fs::read::open_own;

/// How much is read from the end: more only where less does not say. A transcript may hold pictures.
const TAIL_SIZES: [u64; 3] = [256 * 1024, 4 * 1024 * 1024, 16 * 1024 * 1024];

/// The most that a compressed transcript is unpacked to.
const MAX_UNPACKED_BYTES: u64 = 128 * 1024 * 1024;

/// What an agent's compressed transcripts are called, beside the name they had.
const COMPRESSED: &str = ".zst";

/// Judges the lines of a transcript's end, newest first; none where they do not say. `whole`: there is nothing before them.
pub(super) type JudgeLastTurn = fn(&mut dyn Iterator<Item = &[u8]>, whole: bool) -> Option<LastTurn>;

/// Looks at the lines of an end, newest first, and whether there is nothing before them; none where that does not suffice.
type ReadTail<'a, T> = &'a mut dyn FnMut(&mut dyn Iterator<Item = &[u8]>, bool) -> Option<T>;

/// How the newest turn stands. Unknown where the transcript cannot be read, or does not say within what is read of it.
pub(super) fn last_turn(path: &Path, judge_last_turn: JudgeLastTurn) -> LastTurn {
    let turn = read_tails(path, &mut |lines, whole| judge_last_turn(lines, whole));
    turn.ok().flatten().unwrap_or(LastTurn::Unknown)
}

/// Looks at longer and longer ends of a transcript, until one suffices.
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
        if let Some(found) = read(&mut lines(&bytes), whole) {
            return Ok(Some(found));
        }
        if whole {
            break;
        }
    }
    Ok(None)
}

/// What is compressed can be read from its beginning alone: only its end is held in memory.
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
    Ok(read(&mut lines(&bytes), whole))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.rsplit(|byte| *byte == b'\n')
}

/// What a line holds, newest first. A line that is damaged may hold several values, or begin before its value does: then every
/// place is tried at which one of `starts` stands.
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
