//! Reads a log from where it was read before.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use baton_display::strip_control_chars;
use baton_fs::read::open_own;

use super::{LogLimits, LogLine};

/// How many bytes of the beginning of a log, and of what was read last, must still be there. Otherwise the log was begun
/// anew: truncated and written again in the same file, even within one tick of the clock.
const REMEMBERED_BYTES: usize = 4096;

/// How much is read at once, in blocks. A block or two without a line break are one line.
const CHUNK_BLOCKS: u64 = 4;

/// What a reading found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// What was read before is no longer what the log says.
    BegunAnew,
    /// The next line.
    Line(LogLine),
}

/// Reads one log.
#[derive(Debug)]
pub(super) struct LogReader {
    path: PathBuf,
    limits: LogLimits,
    open: Option<OpenLog>,
}

#[derive(Debug)]
struct OpenLog {
    file: File,
    id: (u64, u64),
    /// How far it was read. It is the beginning of a line.
    at: u64,
    /// The first bytes of the file.
    start: Vec<u8>,
    /// The last bytes before `at`.
    before: Vec<u8>,
    /// Whether the last line that was passed on has no break. What is written behind it continues that line.
    is_cut: bool,
}

impl LogReader {
    /// Creates a reader that has read nothing.
    pub(super) const fn new(path: PathBuf, limits: LogLimits) -> Self {
        Self { path, limits, open: None }
    }

    /// Passes what is new in the log to `found`. A line is passed when its break is written, or once the writer has ended.
    ///
    /// # Errors
    /// Returns an error if the log is missing or cannot be read. The next call goes on where this one ended.
    pub(super) fn poll(&mut self, has_ended: bool, found: &mut impl FnMut(Step)) -> io::Result<()> {
        let meta = fs::symlink_metadata(&self.path)?;
        let goes_on = |open: &OpenLog| {
            let is_line = !open.is_cut || has_ended && meta.len() == open.at;
            open.id == id(&meta) && is_line && open.is_continued().unwrap_or(false)
        };
        if !self.open.as_ref().is_some_and(goes_on) {
            let (file, meta) = open_own(&self.path)?;
            self.open = Some(OpenLog::begin(file, &meta, self.limits)?);
            found(Step::BegunAnew);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        // What is written from here on is for the next call, so a fast writer does not keep this one.
        let meta = open.file.metadata()?;
        let end = meta.len();
        if end.saturating_sub(open.at) > max_read(self.limits) {
            // Most of it would not be kept. A log can become a terabyte longer without anything being written.
            *open = OpenLog::begin(open.file.try_clone()?, &meta, self.limits)?;
            found(Step::BegunAnew);
        }
        while open.read_chunk(self.limits, end, found)? {}
        if has_ended { open.read_cut_line(end, found) } else { Ok(()) }
    }
}

impl OpenLog {
    /// Begins near enough to the end that at least what is kept of a log is read.
    fn begin(file: File, meta: &Metadata, limits: LogLimits) -> io::Result<Self> {
        let from = meta.len().saturating_sub(max_read(limits)) / limits.block * limits.block;
        let mut log = Self { file, id: id(meta), at: 0, start: Vec::new(), before: Vec::new(), is_cut: false };
        if from > 0 {
            log.start = log.read(0, REMEMBERED_BYTES as u64)?;
            // A line begins behind the first break, or at the end of a block without one.
            let block = log.read(from, limits.block)?;
            let first = block.iter().position(|byte| *byte == b'\n').map_or(limits.block, |at| at as u64 + 1);
            log.at = from + first;
        }
        Ok(log)
    }

    /// Passes the lines of the next chunk on. Returns whether there were any.
    fn read_chunk(&mut self, limits: LogLimits, end: u64, found: &mut impl FnMut(Step)) -> io::Result<bool> {
        let wanted = (CHUNK_BLOCKS * limits.block).min(end.saturating_sub(self.at));
        let bytes = self.read(self.at, wanted)?;
        // The log may have been begun anew since the last check. What was read then is not passed on: the next call
        // begins anew.
        if bytes.is_empty() || !self.is_continued()? {
            return Ok(false);
        }
        let (mut rest, mut at) = (bytes.as_slice(), self.at);
        while let Some(length) = line_length(rest, at, limits.block) {
            let Some((line, behind)) = rest.split_at_checked(length) else { break };
            let end = at + length as u64;
            found(Step::Line(LogLine { start: at, end, text: printable(line) }));
            (rest, at) = (behind, end);
        }
        let is_new = at > self.at;
        self.remember(bytes.get(..bytes.len() - rest.len()).unwrap_or_default());
        Ok(is_new)
    }

    /// Passes on the last line, which has no break.
    fn read_cut_line(&mut self, end: u64, found: &mut impl FnMut(Step)) -> io::Result<()> {
        let bytes = self.read(self.at, end.saturating_sub(self.at))?;
        if !bytes.is_empty() && self.is_continued()? {
            let end = self.at + bytes.len() as u64;
            found(Step::Line(LogLine { start: self.at, end, text: printable(&bytes) }));
            self.remember(&bytes);
            self.is_cut = true;
        }
        Ok(())
    }

    /// Remembers that this was read.
    fn remember(&mut self, read: &[u8]) {
        if self.start.len() as u64 == self.at {
            self.start.extend(read.iter().take(REMEMBERED_BYTES - self.start.len().min(REMEMBERED_BYTES)));
        }
        self.before.extend(read);
        self.before.drain(..self.before.len().saturating_sub(REMEMBERED_BYTES));
        self.at += read.len() as u64;
    }

    /// Returns whether the file still begins as it did and still has what was read last.
    fn is_continued(&self) -> io::Result<bool> {
        let before = self.at - (self.before.len() as u64).min(self.at);
        Ok(self.file.metadata()?.len() >= self.at
            && self.read(0, self.start.len() as u64)? == self.start
            && self.read(before, self.before.len() as u64)? == self.before)
    }

    /// Reads up to `length` bytes. It is less at the end of the file.
    fn read(&self, from: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let mut count = 0;
        while let Some(rest) = bytes.get_mut(count..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, from + count as u64) {
                Ok(0) => break,
                Ok(read) => count += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(count);
        Ok(bytes)
    }
}

/// Returns how many bytes before the end of a log are read at most: what is kept, and room for the lines at both ends.
const fn max_read(limits: LogLimits) -> u64 {
    limits.bytes + 4 * limits.block
}

/// Returns the length of the line at the beginning of `bytes`, which are at `at` in the file. There is none if its end is
/// not written yet.
fn line_length(bytes: &[u8], at: u64, block: u64) -> Option<usize> {
    let cut = usize::try_from((at.div_ceil(block) + 1) * block - at).ok()?;
    let line = bytes.get(..cut).unwrap_or(bytes);
    let break_at = line.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
    break_at.or_else(|| (line.len() == cut).then_some(cut))
}

fn printable(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    strip_control_chars(&String::from_utf8_lossy(line).replace('\t', "    "))
}

fn id(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}
