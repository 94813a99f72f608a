//! Points in time.

use serde::{Deserialize, Serialize};

/// A point in time, on the wall clock and on the clock of one boot.
///
/// Ages within one boot use `boot_ms` (CLOCK_BOOTTIME), which cannot be set back. The wall clock is used across boots
/// and for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: u64,
    /// The kernel's id of the boot in which `boot_ms` counts.
    pub boot: String,
    /// Milliseconds since that boot, including time in suspend.
    pub boot_ms: u64,
}

impl Timestamp {
    /// Returns the milliseconds from this time to `now`, or 0 if this time is in the future.
    #[must_use]
    pub fn age_ms(&self, now: &Self) -> u64 {
        if self.boot == now.boot {
            now.boot_ms.saturating_sub(self.boot_ms)
        } else {
            now.unix_ms.saturating_sub(self.unix_ms)
        }
    }

    /// Returns whether this time is after `other`. It compares by the boot clock if both are of one boot, and by the
    /// wall clock otherwise.
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        if self.boot == other.boot { self.boot_ms > other.boot_ms } else { self.unix_ms > other.unix_ms }
    }
}
