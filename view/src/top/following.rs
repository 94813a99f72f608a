//! Follows a log in a thread of its own while the user looks at it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::log_pane::LogNews;
use crate::logs::LogClient;

/// How often a followed log is looked at.
const POLL_LOG_EVERY: Duration = Duration::from_millis(200);

/// How many lines of a log are shown at once, and the pause after them. So a busy log does not outrun the screen.
const LOG_BATCH: usize = 2_000;
const LOG_PAUSE: Duration = Duration::from_millis(50);

/// A log that is followed for as long as this exists.
pub(super) struct Following {
    key: String,
    ended: Arc<AtomicBool>,
}

impl Following {
    /// Begins to follow the log of the item with this key. `has_ended` says whether its writer has, and `send` returns whether anybody wants more.
    ///
    /// # Errors
    /// Returns an error if there can be no more threads.
    pub(super) fn start(
        key: String,
        mut client: LogClient,
        has_ended: impl Fn() -> bool + Send + 'static,
        mut send: impl FnMut(LogNews) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let following = Self { key, ended: Arc::default() };
        let ended = Arc::clone(&following.ended);
        thread::Builder::new().spawn(move || {
            let mut said = None;
            while !ended.load(Ordering::Relaxed) {
                client.set_has_ended(has_ended());
                let news = match client.next(LOG_BATCH) {
                    Ok(events) if events.is_empty() && said.is_none() => {
                        thread::sleep(POLL_LOG_EVERY);
                        continue;
                    }
                    Ok(events) => {
                        said = None;
                        Ok(events)
                    }
                    Err(error) => {
                        thread::sleep(POLL_LOG_EVERY);
                        let text = format!("cannot read the log: {error}");
                        if said.as_ref() == Some(&text) {
                            continue;
                        }
                        said = Some(text.clone());
                        Err(text)
                    }
                };
                if !send(news) {
                    break;
                }
                thread::sleep(LOG_PAUSE);
            }
        })?;
        Ok(following)
    }

    /// Returns the key of the item.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}
