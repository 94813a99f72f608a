//! What stands in the lock's file: who holds it, and whom someone waited for in vain.
//!
//! A holder that is frozen would cost every event its whole wait. So whoever waited in vain leaves a note in the file, and while
//! the same hold goes on, nobody waits as long again. Nothing needs to be cleared: the next holder has another name. None of this
//! decides who has the lock, so what cannot be written, or is not understood, only costs time.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Length of a name: pid and nanoseconds, in fixed width, so that it is written over by one write.
const NAME: usize = 32;

/// Length of the file's text: a name, and a name with milliseconds, a line each.
const TEXT: usize = NAME + NAME + 8;

/// One hold of the lock. A later one has another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HolderId(String);

/// What the lock's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentionNote {
    /// The present hold; between taking the lock and writing this, the one before.
    pub(crate) holder: HolderId,
    timed_out: Option<(HolderId, Duration)>,
}

impl ContentionNote {
    /// Reads it; none where there is none.
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

    /// How long the present hold was waited for in vain.
    pub(crate) fn timed_out_after(&self) -> Option<Duration> {
        self.timed_out.as_ref().filter(|(hold, _)| *hold == self.holder).map(|(_, waited)| *waited)
    }
}

impl HolderId {
    /// Names the hold of this process.
    pub(crate) fn write_new(lock: &File) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:010} {:020}\n", std::process::id(), now.as_nanos());
        // A hold without a name is waited for as if it were another's.
        let _ = lock.write_at(name.as_bytes(), 0);
    }

    /// Notes that this hold was waited for in vain.
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
