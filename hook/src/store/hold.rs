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
pub(super) struct Hold(String);

/// What the lock's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The present hold; between taking the lock and writing this, the one before.
    pub(super) held: Hold,
    in_vain: Option<(Hold, Duration)>,
}

impl Note {
    /// Reads it; none where there is none.
    pub(super) fn read(lock: &File) -> Option<Self> {
        let mut text = [0; TEXT];
        let len = lock.read_at(&mut text, 0).ok()?;
        let mut lines = std::str::from_utf8(text.get(..len)?).ok()?.split_terminator('\n');
        let held = Hold(lines.next()?.to_owned());
        let in_vain = lines.next().and_then(|line| {
            let (name, ms) = line.rsplit_once(' ')?;
            Some((Hold(name.to_owned()), Duration::from_millis(ms.parse().ok()?)))
        });
        Some(Self { held, in_vain })
    }

    /// How long the present hold was waited for in vain.
    pub(super) fn waited(&self) -> Option<Duration> {
        self.in_vain.as_ref().filter(|(hold, _)| *hold == self.held).map(|(_, waited)| *waited)
    }
}

impl Hold {
    /// Names the hold of this process.
    pub(super) fn begin(lock: &File) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:010} {:020}\n", std::process::id(), now.as_nanos());
        // A hold without a name is waited for as if it were another's.
        let _ = lock.write_at(name.as_bytes(), 0);
    }

    /// Notes that this hold was waited for in vain.
    pub(super) fn waited_for(&self, lock: &File, waited: Duration) {
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
        assert_eq!(Note::read(&lock), None);
        Hold::begin(&lock);
        let first = Note::read(&lock).unwrap();
        assert_eq!(first.waited(), None);
        first.held.waited_for(&lock, Duration::from_millis(400));
        assert_eq!(Note::read(&lock).unwrap().waited(), Some(Duration::from_millis(400)));
        Hold::begin(&lock);
        assert_eq!(Note::read(&lock).unwrap().waited(), None);
        assert_ne!(Note::read(&lock).unwrap().held, first.held);
    }

    #[test]
    fn what_is_not_understood_is_no_note() {
        for text in ["", "\n", "x", "x\ny", "\u{0}", "x\nx -1", "x\nx y z\n"] {
            let lock = tempfile::tempfile().unwrap();
            lock.write_at(text.as_bytes(), 0).unwrap();
            assert_eq!(Note::read(&lock).and_then(|note| note.waited()), None, "{text:?}");
        }
    }
}
