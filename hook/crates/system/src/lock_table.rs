//! The holders of file locks, from `/proc/locks`. baton never probes a lock by taking it, because that could make its
//! owner fail.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

/// The maximum size that is read: some 10,000 locks.
const MAX_TABLE_BYTES: usize = 1024 * 1024;

/// The maximum number of attempts to read the same table twice in a row.
const MAX_READ_ATTEMPTS: usize = 4;

/// The identity of a file: its device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId {
    /// The device's major and minor number.
    pub device: (u64, u64),
    /// The inode.
    pub inode: u64,
}

impl FileId {
    /// Returns the identity of the regular file at a path. It does not follow a symlink at the end of the path.
    ///
    /// # Errors
    /// Returns an error if `lstat` fails. The error is `InvalidInput` if the path is not a regular file.
    pub fn from_path(path: &Path) -> io::Result<Self> {
        let meta = std::fs::symlink_metadata(path)?;
        if !meta.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Self::from_metadata(&meta))
    }

    /// Returns the identity of the file with this metadata.
    #[must_use]
    pub fn from_metadata(meta: &Metadata) -> Self {
        // The inverse of makedev(3).
        let device = meta.dev();
        let major = ((device >> 8) & 0xfff) | ((device >> 32) & 0xffff_f000);
        let minor = (device & 0xff) | ((device >> 12) & 0xffff_ff00);
        Self { device: (major, minor), inode: meta.ino() }
    }
}

/// All write locks that are held. A clone is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockTable {
    /// The pids of the holders by file. The pid is 0 for a holder that has no pid here.
    held: Arc<HashMap<FileId, Vec<u32>>>,
}

impl LockTable {
    /// Returns whether a process holds a write lock on a file.
    #[must_use]
    pub fn is_held(&self, pid: u32, file: FileId) -> bool {
        pid > 0 && self.holders(file).contains(&pid)
    }

    /// Returns the pids of the processes that hold a write lock on a file. The pid is 0 for a holder that is not
    /// visible from here or is not a single process.
    #[must_use]
    pub fn holders(&self, file: FileId) -> &[u32] {
        self.held.get(&file).map(Vec::as_slice).unwrap_or_default()
    }

    /// Parses the table. Returns `None` if any line has an unexpected format, because that line could be the one that
    /// matters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut held: HashMap<FileId, Vec<u32>> = HashMap::new();
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace().skip(1).peekable();
            // A process that waits for a lock does not hold it.
            if words.next_if_eq(&"->").is_some() {
                continue;
            }
            // The kind (POSIX, FLOCK, OFDLCK, LEASE, ...), then advisory or mandatory, then read or write.
            let access = words.nth(2)?;
            // -1 for a lock of an open file, 0 for a lock of a process that is not visible from here.
            let pid = words.next()?.parse::<i64>().ok()?;
            let file = parse_file(words.next()?)?;
            if access == "WRITE" {
                held.entry(file).or_default().push(u32::try_from(pid).unwrap_or(0));
            }
        }
        Some(Self { held: Arc::new(held) })
    }
}

/// Parses `major:minor:inode`, of which the first two are in hex.
fn parse_file(text: &str) -> Option<FileId> {
    if text == "<none>:0" {
        return Some(FileId { device: (0, 0), inode: 0 });
    }
    let mut parts = text.split(':');
    let major = u64::from_str_radix(parts.next()?, 16).ok()?;
    let minor = u64::from_str_radix(parts.next()?, 16).ok()?;
    let inode = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some(FileId { device: (major, minor), inode })
}

/// Reads the table. Returns `None` if it cannot be read, is too long, or changes too fast for a consistent read.
#[must_use]
pub fn read(path: &Path) -> Option<LockTable> {
    let mut before = None;
    for _ in 0..MAX_READ_ATTEMPTS {
        let (text, reads) = read_once(path).ok()?;
        // The kernel keeps the table unchanged during one read. If a lock is released between two reads, the next read
        // skips a line, and the skipped lock would look released.
        if reads <= 1 || before.as_ref() == Some(&text) {
            return LockTable::parse(&text);
        }
        before = Some(text);
    }
    None
}

/// Returns the whole text, and the number of reads that returned data.
fn read_once(path: &Path) -> io::Result<(String, usize)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let mut reads = 0;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            let text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            return Ok((text, reads));
        }
        reads += 1;
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
        if bytes.len() > MAX_TABLE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
1: POSIX  ADVISORY  WRITE 31 08:01:100 0 EOF
2: FLOCK  ADVISORY  WRITE 32 fd:0a:200 0 EOF
2: -> FLOCK  ADVISORY  WRITE 33 fd:0a:200 0 EOF
3: FLOCK  ADVISORY  READ 34 08:01:300 0 EOF
4: OFDLCK ADVISORY  WRITE -1 08:01:400 0 0
5: LEASE  ACTIVE    WRITE 35 08:01:500 0 EOF
";

    fn check(pid: u32, device: (u64, u64), inode: u64, expected: bool) {
        let locks = LockTable::parse(TABLE).unwrap();
        assert_eq!(locks.is_held(pid, FileId { device, inode }), expected, "{pid} {device:?} {inode}");
    }

    #[test]
    fn a_write_lock_is_of_one_process_on_one_inode_of_one_device() {
        check(31, (8, 1), 100, true);
        check(32, (253, 10), 200, true);
        check(33, (253, 10), 200, false);
        check(34, (8, 1), 300, false);
        check(31, (8, 1), 200, false);
        check(31, (8, 2), 100, false);
        check(32, (8, 1), 100, false);
        check(0, (8, 1), 400, false);
    }

    #[test]
    fn whoever_holds_a_file_is_counted_also_where_no_pid_is_known() {
        let locks = LockTable::parse(TABLE).unwrap();
        let holders = |inode, device| locks.holders(FileId { device, inode }).to_vec();
        assert_eq!(holders(100, (8, 1)), [31]);
        assert_eq!(holders(200, (253, 10)), [32]);
        assert_eq!(holders(400, (8, 1)), [0]);
        assert!(holders(300, (8, 1)).is_empty());
    }

    #[test]
    fn a_table_with_an_odd_line_is_not_believed() {
        assert_eq!(LockTable::parse(""), Some(LockTable::default()));
        for bad in ["1:", "1: POSIX", "x", "1: POSIX ADVISORY WRITE x 08:01:1 0 EOF", "1: POSIX ADVISORY WRITE 1 08:1"]
        {
            assert_eq!(LockTable::parse(&format!("{TABLE}{bad}\n")), None, "{bad:?}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_read_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(&dir.path().join("missing")), None);
        std::fs::write(dir.path().join("long"), "1: -> \n".repeat(200_000)).unwrap();
        assert_eq!(read(&dir.path().join("long")), None);
        // A table that is longer than one read and does not change.
        std::fs::write(dir.path().join("still"), TABLE.repeat(40)).unwrap();
        assert!(read(&dir.path().join("still")).is_some());
    }
}
