//! The hook's time limit. The kernel ends the process with status 0, whatever it is doing.
//!
//! A file system that hangs must not hold up the agent. Only this file sets the limit. One operation may take longer:
//! the command that checks whether a loop is done.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigEvent, SigSet, SigevNotify, Signal};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;

/// The time limit of an event. Codex gives a `SessionEnd` hook one second in all.
const LIMIT: Duration = Duration::from_secs(2);

/// How long after the alarm the process is killed, if the alarm did not end it. A process that waits for a network or
/// FUSE file system wakes up only at a signal that ends it without a handler.
const KILL_DELAY: Duration = Duration::from_secs(1);

/// The time limit of one event, from its start on.
pub(super) struct TimeLimit {
    end: Instant,
    /// `None` if the kernel gives no timer. The alarm needs none.
    kill: RefCell<Option<Timer>>,
}

impl TimeLimit {
    /// Starts the time limit.
    pub(super) fn start() -> Self {
        // If the handler cannot be registered, the signal's default action ends the hook as well.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal_hook::consts::SIGALRM,
            0,
            Arc::new(AtomicBool::new(true)),
        );
        // A program inherits which signals are blocked, and a blocked one waits.
        let _ = SigSet::from(Signal::SIGALRM).thread_unblock();
        let kill = SigEvent::new(SigevNotify::SigevSignal { signal: Signal::SIGKILL, si_value: 0 });
        let kill = Timer::new(ClockId::CLOCK_MONOTONIC, kill).ok();
        let limit = Self { end: Instant::now() + LIMIT, kill: RefCell::new(kill) };
        limit.set(LIMIT);
        limit
    }

    /// Runs `work`, which may extend the limit. Afterwards the rest of the event has the time that was left before the
    /// first extension.
    pub(super) fn extendable<T>(&self, work: impl FnOnce(&dyn Fn(Duration)) -> T) -> T {
        let left = Cell::new(None);
        let done = work(&|limit| {
            left.set(left.get().or_else(|| Some(self.end.saturating_duration_since(Instant::now()))));
            self.set(limit);
        });
        // Without an extension the limit stays: set again, it would count anew.
        if let Some(left) = left.get() {
            self.set(left);
        }
        done
    }

    /// Lets the process run for this long, from now on.
    fn set(&self, limit: Duration) {
        let seconds = alarm_seconds(limit);
        nix::unistd::alarm::set(seconds);
        if let Some(kill) = self.kill.borrow_mut().as_mut() {
            let after = Expiration::OneShot((Duration::from_secs(seconds.into()) + KILL_DELAY).into());
            // If it cannot be set, only the alarm is left.
            let _ = kill.set(after, TimerSetTimeFlags::empty());
        }
    }
}

/// Returns the seconds of an alarm: rounded up, since 0 would switch it off.
fn alarm_seconds(limit: Duration) -> u32 {
    let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_rounded_up_and_never_off() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (2000, 2), (310_000, 310)] {
            assert_eq!(alarm_seconds(Duration::from_millis(millis)), seconds, "{millis} ms");
        }
    }
}
