//! Keeps a feed up to date.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::feed::{Feed, RingLimits};
use crate::picture::Picture;
use crate::source::{Source, SourceError};
use crate::watches::Watches;

/// How often what leaves no trace in a watched directory is checked, if a check is short.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// A pause between two checks is this many times as long as the last check, so that a large state costs some one percent
/// of a core.
const PAUSE_PER_CHECK: u32 = 100;

/// The longest pause between two checks. A check that takes more than a hundredth of it costs more: what ended must not
/// look alive for long.
const MAX_CHECK_PAUSE: Duration = Duration::from_secs(10);

/// How often everything is read where directories cannot be watched.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// After how long everything is read although nothing seems to have changed. Some of it depends on the time: what was lost
/// long ago is no longer shown.
const READ_AT_LEAST_EVERY: Duration = Duration::from_secs(30);

/// How long one waits for further changes after the first, and after a reading. Several changes lead to one event.
const COALESCE: Duration = Duration::from_millis(30);

/// The longest pause after a reading. A pause is as long as the reading took, so a busy state costs half a core at most.
const MAX_PAUSE: Duration = Duration::from_millis(150);

/// Why no feed could be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] io::Error),
}

/// Reads a source, and keeps the feed of it up to date in a thread of its own. Where the source cannot be read, the
/// picture says why, and reading goes on.
///
/// # Errors
/// Returns an error if the system does not allow it.
pub fn start(mut source: impl Source + Send + 'static, limits: RingLimits) -> Result<Arc<Feed>, StartError> {
    let id = getrandom::u64().map_err(|error| StartError::Random(error.into()))?;
    let mut watches = Watches::new();
    // Watched before it is read, so that nothing is missed in between.
    watches.follow(source.directories(), source.files());
    let nothing = Picture::new(0, Vec::new(), Vec::new());
    let picture = picture_of(source.read(), &nothing);
    let feed = Arc::new(Feed::new(id, limits, picture));
    let kept = Arc::clone(&feed);
    let work = move || {
        loop {
            update(&kept, &mut source, &mut watches);
        }
    };
    thread::Builder::new().name("watcher".to_owned()).spawn(work).map_err(StartError::Thread)?;
    Ok(feed)
}

/// Waits for a change, and publishes what can be read then. Returns after one reading.
fn update(feed: &Feed, source: &mut dyn Source, watches: &mut Watches) {
    let begin = Instant::now();
    let mut pause = CHECK_EVERY;
    loop {
        if feed.has_viewers() {
            source.refresh();
        }
        let check = Instant::now();
        let followed = watches.follow(source.directories(), source.files());
        if followed.is_new {
            break;
        }
        let mut cost = check.elapsed();
        if watches.wait(if followed.is_complete { pause } else { POLL_EVERY }) {
            thread::sleep(COALESCE);
            // What was signalled meanwhile is read now.
            watches.wait(Duration::ZERO);
            break;
        }
        let check = Instant::now();
        if !followed.is_complete || begin.elapsed() >= READ_AT_LEAST_EVERY || !source.is_current() {
            break;
        }
        cost += check.elapsed();
        pause = pause_after(cost);
    }
    let begin = Instant::now();
    feed.publish(picture_of(source.read(), &feed.picture()));
    thread::sleep(begin.elapsed().clamp(COALESCE, MAX_PAUSE));
}

/// Returns how long one waits after a check that took this long.
fn pause_after(check: Duration) -> Duration {
    check.saturating_mul(PAUSE_PER_CHECK).clamp(CHECK_EVERY, MAX_CHECK_PAUSE)
}

/// Returns the picture that was read, or the one before with the problem.
fn picture_of(read: Result<Picture, SourceError>, before: &Picture) -> Picture {
    read.unwrap_or_else(|error| Picture { problem: Some(baton_display::error_chain(&error)), ..before.clone() })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A source that looks current however often it is looked at.
    struct Silent;

    impl Source for Silent {
        fn read(&mut self) -> Result<Picture, SourceError> {
            Ok(Picture::new(7, Vec::new(), Vec::new()))
        }

        fn is_current(&mut self) -> bool {
            true
        }

        fn directories(&self) -> Vec<PathBuf> {
            vec![PathBuf::from("/")]
        }

        fn files(&self) -> Vec<PathBuf> {
            Vec::new()
        }
    }

    #[test]
    fn a_long_check_is_followed_by_a_long_pause() {
        for (check_ms, expected_ms) in
            [(0, 2_000), (1, 2_000), (20, 2_000), (40, 4_000), (100, 10_000), (5_000, 10_000)]
        {
            let pause = pause_after(Duration::from_millis(check_ms));
            assert_eq!(pause, Duration::from_millis(expected_ms), "{check_ms} ms");
        }
    }

    #[test]
    fn where_nothing_can_be_watched_everything_is_read_again_soon() {
        let feed = Feed::new(1, RingLimits::default(), Picture::new(0, Vec::new(), Vec::new()));
        let begin = Instant::now();
        update(&feed, &mut Silent, &mut Watches::without_watcher());
        // Everything is read then in any case.
        assert!(begin.elapsed() < READ_AT_LEAST_EVERY);
    }
}
