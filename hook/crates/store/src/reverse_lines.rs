//! Reads the lines of a file from its end, with bounded memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The maximum length of a line, in bytes. baton writes no longer lines, so a longer one is damaged.
const MAX_LINE: usize = 1024 * 1024;

const CHUNK: u64 = 16 * 1024;

pub(crate) struct ReverseLines {
    file: File,
    /// The bytes before this offset have not been read yet.
    unread: u64,
    /// The bytes that were read and not returned yet.
    buffer: Vec<u8>,
    /// The number of bytes at the end of the buffer that are known to have no line break.
    searched: usize,
    /// The number of bytes to read next, which doubles while a line is longer.
    chunk: u64,
}

impl ReverseLines {
    pub(crate) const fn new(file: File, len: u64) -> Self {
        Self { file, unread: len, buffer: Vec::new(), searched: 0, chunk: CHUNK }
    }

    /// Returns the next line towards the beginning of the file, without its line break. Empty lines are skipped.
    pub(crate) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let fresh = self.buffer.len().saturating_sub(self.searched);
            let found = self.buffer.iter().take(fresh).rposition(|byte| *byte == b'\n');
            if let Some(end) = found {
                let line = self.buffer.split_off(end + 1);
                self.buffer.truncate(end);
                self.searched = 0;
                self.chunk = CHUNK;
                if !line.is_empty() {
                    return Ok(Some(line));
                }
            } else if self.unread == 0 {
                let line = std::mem::take(&mut self.buffer);
                self.searched = 0;
                return Ok((!line.is_empty()).then_some(line));
            } else {
                self.read_more()?;
            }
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        if self.buffer.len() > MAX_LINE {
            self.buffer.clear();
            self.chunk = CHUNK;
        }
        self.searched = self.buffer.len();
        let take = self.unread.min(self.chunk);
        self.chunk *= 2;
        self.unread -= take;
        let mut chunk = vec![0; usize::try_from(take).unwrap_or_default()];
        self.file.read_exact_at(&mut chunk, self.unread)?;
        chunk.append(&mut self.buffer);
        self.buffer = chunk;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(name: &str, bytes: &[u8], expected: &[usize]) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let len = file.metadata().unwrap().len();
        let mut lines = ReverseLines::new(file, len);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            assert!(!line.contains(&b'\n'), "{name}");
            found.push(line.len());
        }
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn lines_from_the_end() {
        let long = |len: usize| [vec![b'x'; len], b"\n".to_vec()].concat();
        check("empty", b"", &[]);
        check("breaks alone", b"\n\n\n", &[]);
        check("three", b"a\nbb\nccc\n", &[3, 2, 1]);
        check("no end", b"a\nbb", &[2, 1]);
        check("across chunks", &[long(1), long(16384), long(40000), long(2)].concat(), &[2, 40000, 16384, 1]);
        // Only a part of an overlong line is returned, which no reader accepts.
        let damaged = [long(3), long(5_000_000), long(4)].concat();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&damaged).unwrap();
        let mut lines = ReverseLines::new(file, u64::try_from(damaged.len()).unwrap());
        let mut last = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            assert!(line.len() < 4 * MAX_LINE);
            last = line;
        }
        assert_eq!(last.len(), 3);
    }
}
