//! The content of the lock file: who holds the lock, and whether a waiter timed out.
//!
//! If a holder is frozen, every event would wait for its whole timeout. So a waiter that timed out leaves a note in the
//! file. While the same holder keeps the lock, later waiters wait only briefly. The note needs no cleanup, because the
//! next holder has another id. It does not decide who has the lock, so an unwritable or unreadable note only costs
//! time.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The length of a holder id: pid and nanoseconds with a fixed width, so that one write replaces it.
const NAME: usize = 32;

/// The length of the file's text: a line with a holder id, and a line with a holder id and milliseconds.
const TEXT: usize = NAME + NAME + 8;

/// The id of one acquisition of the lock. A later acquisition has another id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HolderId(String);

/// The content of the lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentionNote {
    /// The current holder, or the previous one if the current holder has not written its id yet.
    pub(crate) holder: HolderId,
    timed_out: Option<(HolderId, Duration)>,
}

impl ContentionNote {
    /// Reads the note, or returns `None` if there is none.
    pub(crate) fn read(lock: &File) -> Option<Self> {
        let mut text = [0; TEXT];
        let len = lock.read_at(&mut text, 0).ok()?;
        let mut lines = std::str::from_utf8(text.get(..len)?).ok()?.split_terminator('\n');
        let holder = HolderId(lines.next()?.to_owned());
        let timed_out = lines.next().and_then(|line| {
            let (name, ms) = line.rsplit_once(' ')?;
            Some((HolderId(name.to_owned()), Duration::from_millis(ms.parse().ok()?)))
        });
        Some(Self { holder, timed_out })
    }

    /// Returns how long a waiter waited for the current holder until it timed out.
    pub(crate) fn timed_out_after(&self) -> Option<Duration> {
        self.timed_out.as_ref().filter(|(hold, _)| *hold == self.holder).map(|(_, waited)| *waited)
    }
}

impl HolderId {
    /// Writes a new holder id for this process.
    pub(crate) fn write_new(lock: &File) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:010} {:020}\n", std::process::id(), now.as_nanos());
        // If this fails, waiters see the previous holder's id, which only costs time.
        let _ = lock.write_at(name.as_bytes(), 0);
    }

    /// Records that a waiter timed out on this holder.
    pub(crate) fn record_timeout(&self, lock: &File, waited: Duration) {
        let line = format!("{} {:07}\n", self.0, waited.as_millis());
        let _ = lock.write_at(line.as_bytes(), NAME as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_of_one_hold() {
        let lock = tempfile::tempfile().unwrap();
        assert_eq!(ContentionNote::read(&lock), None);
        HolderId::write_new(&lock);
        let first = ContentionNote::read(&lock).unwrap();
        assert_eq!(first.timed_out_after(), None);
        first.holder.record_timeout(&lock, Duration::from_millis(400));
        assert_eq!(ContentionNote::read(&lock).unwrap().timed_out_after(), Some(Duration::from_millis(400)));
        HolderId::write_new(&lock);
        assert_eq!(ContentionNote::read(&lock).unwrap().timed_out_after(), None);
        assert_ne!(ContentionNote::read(&lock).unwrap().holder, first.holder);
    }

    #[test]
    fn what_is_not_understood_is_no_note() {
        for text in ["", "\n", "x", "x\ny", "\u{0}", "x\nx -1", "x\nx y z\n"] {
            let lock = tempfile::tempfile().unwrap();
            lock.write_at(text.as_bytes(), 0).unwrap();
            assert_eq!(ContentionNote::read(&lock).and_then(|note| note.timed_out_after()), None, "{text:?}");
        }
    }
}
