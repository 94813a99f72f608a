//! Follows a run's logs, including across rotations. It returns each complete line once, in order.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use baton_fs::lock::is_at;
use baton_fs::read::open_own;

/// The maximum size of one read, in bytes.
const READ_CHUNK_BYTES: usize = 64 * 1024;

/// The maximum size of a line that is kept until its end is written, in bytes. A longer one is passed on in parts.
const MAX_LINE_BYTES: usize = 16 * READ_CHUNK_BYTES;

/// How many of the bytes that were read last are remembered.
const REMEMBERED_BYTES: usize = 256;

/// The locations of a run's logs.
pub trait LogFiles {
    /// Returns the path of the current log, which may not exist.
    fn current(&self) -> PathBuf;

    /// Returns the paths of the finished logs, oldest first.
    ///
    /// # Errors
    /// Returns an error if they cannot be listed.
    fn finished(&self) -> io::Result<Vec<PathBuf>>;
}

/// A reader that remembers its position.
#[derive(Debug)]
pub struct LogFollower<L> {
    logs: L,
    /// The finished logs that were read to their end.
    read: Vec<PathBuf>,
    /// The current log. It stays open, so that it is recognised after it moved to the archive.
    open: Option<OpenLog>,
}

#[derive(Debug)]
struct OpenLog {
    file: File,
    id: (u64, u64),
    at: u64,
    /// The last bytes before `at`. Another program may empty its log and begin anew in the same file.
    before: Vec<u8>,
}

impl<L: LogFiles> LogFollower<L> {
    /// Returns a follower that has read nothing yet.
    pub const fn new(logs: L) -> Self {
        Self { logs, read: Vec::new(), open: None }
    }

    /// Passes every complete new line to `show`. A line without its line break is still being written, so it waits. A log
    /// that was emptied and begun anew is read from its beginning.
    ///
    /// # Errors
    /// Returns the errors of reading and of `show`. No line is passed twice.
    pub fn poll(&mut self, show: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        loop {
            if let Some(open) = &mut self.open {
                let stays = is_at(&open.file, &self.logs.current())?;
                // The end was checked before the read, so everything that was written before the move is read.
                open.lines(show)?;
                if stays {
                    return Ok(());
                }
            }
            // The new log is opened before the archive is listed, so that no log that moved there before the new one
            // began is missed.
            let next = OpenLog::open(&self.logs.current())?;
            let held = self.open.as_ref().map(|open| open.id);
            for path in self.logs.finished()? {
                if self.read.contains(&path) {
                    continue;
                }
                let Some(mut log) = OpenLog::open(&path)? else { continue };
                if next.as_ref().is_some_and(|next| next.id == log.id) {
                    break;
                }
                if held != Some(log.id) {
                    log.lines(show)?;
                }
                self.read.push(path);
            }
            self.open = next;
            if self.open.is_none() {
                return Ok(());
            }
        }
    }
}

impl OpenLog {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        match open_own(path) {
            Ok((file, meta)) => Ok(Some(Self { file, id: id(&meta), at: 0, before: Vec::new() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lines(&mut self, show: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if !self.is_continued()? {
            (self.at, self.before) = (0, Vec::new());
        }
        let mut wanted = READ_CHUNK_BYTES;
        loop {
            let mut bytes = vec![0; wanted];
            let count = self.file.read_at(&mut bytes, self.at)?;
            bytes.truncate(count);
            let end = match bytes.iter().rposition(|byte| *byte == b'\n') {
                Some(last) => last + 1,
                // Such a line can only be in another program's log.
                None if count == MAX_LINE_BYTES => count,
                None if count == wanted => {
                    wanted = wanted.saturating_mul(2).min(MAX_LINE_BYTES);
                    continue;
                }
                None => return Ok(()),
            };
            bytes.truncate(end);
            show(&bytes)?;
            self.at += end as u64;
            self.before = bytes.split_off(end.saturating_sub(REMEMBERED_BYTES));
            wanted = READ_CHUNK_BYTES;
        }
    }

    /// Returns whether the file still has what was read last.
    fn is_continued(&self) -> io::Result<bool> {
        let mut now = vec![0; self.before.len()];
        match self.file.read_exact_at(&mut now, self.at - self.before.len() as u64) {
            Ok(()) => Ok(now == self.before),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn id(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    struct Dir(PathBuf);

    impl LogFiles for &Dir {
        fn current(&self) -> PathBuf {
            self.0.join("now")
        }
        fn finished(&self) -> io::Result<Vec<PathBuf>> {
            let entries = fs::read_dir(&self.0)?.map(|entry| entry.unwrap().path());
            let mut old: Vec<PathBuf> = entries.filter(|path| !path.ends_with("now")).collect();
            old.sort();
            Ok(old)
        }
    }

    /// Steps: `+text` appends to the log (`/` is a line break), `=text` empties it first, `>name` moves it to the archive, `?`
    /// reads.
    fn check(steps: &str, expected: &[&str]) {
        let scratch = tempfile::tempdir().unwrap();
        let dir = Dir(scratch.path().to_owned());
        let mut follower = LogFollower::new(&dir);
        let mut shown = Vec::new();
        for step in steps.split_whitespace() {
            let now = (&dir).current();
            if let Some(text) = step.strip_prefix('+') {
                let mut file = fs::OpenOptions::new().append(true).create(true).open(&now).unwrap();
                file.write_all(text.replace('/', "\n").as_bytes()).unwrap();
            } else if let Some(text) = step.strip_prefix('=') {
                fs::write(&now, text.replace('/', "\n")).unwrap();
            } else if let Some(name) = step.strip_prefix('>') {
                fs::rename(&now, dir.0.join(name)).unwrap();
            } else {
                let mut text = Vec::new();
                follower.poll(&mut |lines| text.write_all(lines)).unwrap();
                shown.push(String::from_utf8(text).unwrap().replace('\n', "/"));
            }
        }
        assert_eq!(shown, expected, "{steps}");
    }

    #[test]
    fn each_line_once_and_whole() {
        check("?", &[""]);
        check("+a/ ? ? +b/c ? +d/ ?", &["a/", "", "b/", "cd/"]);
        check("+a/ >1 ? ?", &["a/", ""]);
        check("+a/ ? +b/ >1 ? ?", &["a/", "b/", ""]);
        check("+a/ ? +b/ >1 +c/ ? +d/ ?", &["a/", "b/c/", "d/"]);
        check("+a/ ? >1 +b/ >2 +c/ >3 +d/ ? ?", &["a/", "b/c/d/", ""]);
        check("+a/ >1 +b/ ? +c/ >2 +d/ ?", &["a/b/", "c/d/"]);
        check("+a/ >1 +b/ >2 ? +c/ ? >3 ? +d/ ?", &["a/b/", "c/", "", "d/"]);
    }

    #[test]
    fn a_log_that_is_begun_anew_is_read_anew() {
        check("+a/b/ ? =c/ ? +d/ ?", &["a/b/", "c/", "d/"]);
        // It is as long as before, or longer.
        check("+a/b/ ? =c/d/ ?", &["a/b/", "c/d/"]);
        check("+a/b/ ? =c/d/e/ ? +f/ ?", &["a/b/", "c/d/e/", "f/"]);
        check("+a/b/ ? = ? +c/ ?", &["a/b/", "", "c/"]);
        check("+a/ ? +b =c/ ? >1 +d/ ?", &["a/", "c/", "d/"]);
    }

    #[test]
    fn a_line_without_an_end_is_passed_on_in_parts() {
        let endless = "x".repeat(MAX_LINE_BYTES);
        check(&format!("+{endless} ? +yy/ ?"), &[&endless, "yy/"]);
    }

    #[test]
    fn a_long_line_is_one_line() {
        let long = format!("{}/", "x".repeat(3 * READ_CHUNK_BYTES));
        check(&format!("+{long} +y ? +/ ?"), &[&long, "y/"]);
    }
}
