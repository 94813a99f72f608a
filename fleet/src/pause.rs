//! How long to wait before a statement is sent again.

use std::time::{Duration, Instant};

/// The limit of the first pause.
const FIRST: Duration = Duration::from_millis(4);

/// The limit of every pause.
const LONGEST: Duration = Duration::from_millis(500);

/// Random pauses whose limit doubles, so that those who were in each other's way do not meet again.
pub struct Pause {
    limit: Duration,
}

impl Pause {
    /// Returns the pauses before the first one.
    #[must_use]
    pub const fn new() -> Self {
        Self { limit: FIRST }
    }

    /// Waits. Returns whether there is time left before the deadline.
    pub async fn wait(&mut self, deadline: Instant) -> bool {
        let mut random = [0; 4];
        // Without random bytes, the pause is as long as it can be.
        let share =
            getrandom::fill(&mut random).map_or(1.0, |()| f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX));
        let pause = self.limit.mul_f64(share);
        self.limit = (self.limit * 2).min(LONGEST);
        if Instant::now() + pause >= deadline {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }
}
