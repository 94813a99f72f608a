//! The hook's time limit: an alarm of the kernel that ends the process with status 0, whatever it is doing.
//!
//! A file system that hangs must not hold up the agent. Only this file sets the alarm. One operation may take longer
//! than the limit: the command that checks whether a loop is done.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The time limit of an event, in seconds. Codex gives a `SessionEnd` hook one second in all.
const LIMIT_SECONDS: u32 = 2;

/// Starts the alarm.
pub(super) fn start() {
    // If the handler cannot be registered, the signal's default action ends the hook as well.
    let _ = signal_hook::flag::register_conditional_shutdown(
        signal_hook::consts::SIGALRM,
        0,
        Arc::new(AtomicBool::new(true)),
    );
    nix::unistd::alarm::set(LIMIT_SECONDS);
}

/// Runs `work`, which may extend the limit, and restores the limit afterwards.
pub(super) fn extendable<T>(work: impl FnOnce(&dyn Fn(Duration)) -> T) -> T {
    let done = work(&|limit| {
        nix::unistd::alarm::set(u32::try_from(limit.as_secs()).unwrap_or(LIMIT_SECONDS));
    });
    nix::unistd::alarm::set(LIMIT_SECONDS);
    done
}
