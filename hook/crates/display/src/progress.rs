//! A line on standard error about work that takes long. It appears after a second, only on a terminal, and is removed at the end.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// How long the work takes before the line appears.
const DELAY: Duration = Duration::from_secs(1);

/// How often it is drawn again.
const INTERVAL: Duration = Duration::from_millis(200);

/// Whether the line is on the screen. Whoever prints something else removes it first.
static DRAWN: Mutex<bool> = Mutex::new(false);

/// Work that may take long. The line ends with it.
pub struct Progress {
    done: Arc<AtomicUsize>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins the line: what is done, as in "saving the files". `all` is the number of steps, if that is known.
    #[must_use]
    pub fn begin(what: &'static str, all: Option<usize>) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if !io::stderr().is_terminal() || dumb {
            return Self { done, drawing: None };
        }
        let (end, ended) = mpsc::channel();
        let counted = Arc::clone(&done);
        let drawing = Builder::new().spawn(move || draw_until(&ended, what, all, &counted)).ok();
        Self { done, drawing: drawing.map(|thread| (end, thread)) }
    }

    /// Tells how many steps are done.
    pub fn set(&self, done: usize) {
        self.done.store(done, Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.drawing.take() {
            drop(end);
            let _ = thread.join();
            clear_progress();
        }
    }
}

fn draw_until(ended: &Receiver<()>, what: &str, all: Option<usize>, done: &AtomicUsize) {
    let begun = Instant::now();
    let mut wait = DELAY;
    while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = INTERVAL;
        let line = line(what, done.load(Relaxed), all, begun.elapsed());
        let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
        *drawn = true;
        let _ = io::stderr().write_all(format!("\r{line}\u{1b}[K").as_bytes());
    }
}

/// Removes the line, before something else is printed. It is drawn again if the work continues.
pub fn clear_progress() {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut *drawn) {
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
}

fn line(what: &str, done: usize, all: Option<usize>, elapsed: Duration) -> String {
    match all {
        Some(all) => format!("{what}: {done} of {all}"),
        None => format!("{what}: {} s", elapsed.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_the_work_is() {
        for (done, all, elapsed, expected) in
            [(3, Some(20), 1, "saving: 3 of 20"), (0, None, 1, "saving: 1 s"), (0, None, 75, "saving: 75 s")]
        {
            assert_eq!(line("saving", done, all, Duration::from_secs(elapsed)), expected);
        }
    }
}
