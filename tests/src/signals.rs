//! How signals affect the programs that are run for a test.

use std::sync::{Arc, Once};

use nix::sys::signal::Signal;

/// Makes these programs start with the default action of every signal, even if the tests were started in the
/// background of a script or with nohup. An ignored signal is inherited, and a shell cannot trap it. A caught one is
/// not inherited, and this process continues to ignore it.
pub(crate) fn by_default() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
        // Rust's library ignores SIGPIPE, and restores the default in the programs that it starts.
        let ignored = |signal: &Signal| *signal != Signal::SIGPIPE && (mask >> (*signal as u32 - 1)) & 1 == 1;
        for signal in Signal::iterator().filter(ignored) {
            signal_hook::flag::register(signal as i32, Arc::default()).unwrap();
        }
    });
}
