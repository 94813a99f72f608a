//! Has the rows of the fleet's database read while somebody looks. Otherwise the witness alone reads them, once a minute.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::baton::run_baton;

/// The shortest time between the beginnings of two readings.
const EVERY: Duration = Duration::from_secs(10);

/// Starts `baton fleet witness` in the background, one at a time.
pub(crate) struct FleetReading {
    baton: PathBuf,
    /// When the last reading began.
    begun: Option<Instant>,
    is_running: Arc<AtomicBool>,
}

impl FleetReading {
    /// Creates readings by this program. Nothing is read yet.
    pub(crate) fn new(baton: PathBuf) -> Self {
        Self { baton, begun: None, is_running: Arc::default() }
    }

    /// Begins a reading, if the last one has ended and began long enough ago. Returns whether it did. It waits for nothing.
    ///
    /// A reading that fails leaves the older rows, and the faces show how old they are.
    pub(crate) fn begin_if_due(&mut self, now: Instant) -> bool {
        let is_early = self.begun.is_some_and(|begun| now.saturating_duration_since(begun) < EVERY);
        if is_early || self.is_running.swap(true, Ordering::AcqRel) {
            return false;
        }
        self.begun = Some(now);
        let (baton, is_running) = (self.baton.clone(), Arc::clone(&self.is_running));
        let read = move || {
            let args = ["fleet", "witness", "--quiet"].map(str::to_owned);
            let _ = run_baton(&baton, &args, None);
            is_running.store(false, Ordering::Release);
        };
        if thread::Builder::new().name("fleet".to_owned()).spawn(read).is_err() {
            self.is_running.store(false, Ordering::Release);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn readings_are_ten_seconds_apart_and_never_two_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let [program, go_on, calls] = ["baton", "go_on", "calls"].map(|name| dir.path().join(name));
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {}\nwhile ! [ -e {} ]; do sleep 0.01; done\n",
            calls.display(),
            go_on.display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut reading = FleetReading::new(program);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        for (seconds, is_begun) in [(0, true), (9, false), (11, false), (60, false)] {
            assert_eq!(reading.begin_if_due(at(seconds)), is_begun, "{seconds} s, while the first one runs");
        }
        std::fs::write(&go_on, "").unwrap();
        while reading.is_running.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
        for (seconds, is_begun) in [(9, false), (10, true), (19, false)] {
            assert_eq!(reading.begin_if_due(at(seconds)), is_begun, "{seconds} s, once the first one has ended");
        }
        while reading.is_running.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(std::fs::read_to_string(calls).unwrap(), "fleet witness --quiet\n".repeat(2));
    }
}
