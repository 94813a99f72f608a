//! Moments.

use serde::{Deserialize, Serialize};

/// A moment, on the wall clock and on the clock of one boot.
///
/// Ages within one boot come from `boot_ms` (CLOCK_BOOTTIME), which no one sets back; the wall clock serves across boots
/// and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: u64,
    /// The kernel's id of the boot in which `boot_ms` counts.
    pub boot: String,
    /// Milliseconds since that boot, suspend included.
    pub boot_ms: u64,
}

impl Timestamp {
    /// Milliseconds from this moment to `now`; a moment in the future has age 0.
    #[must_use]
    pub fn age_ms(&self, now: &Self) -> u64 {
        if self.boot == now.boot {
            now.boot_ms.saturating_sub(self.boot_ms)
        } else {
            now.unix_ms.saturating_sub(self.unix_ms)
        }
    }

    /// Whether this moment is after `other`: by the boot's clock where both have one boot, else by the wall clock.
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        if self.boot == other.boot { self.boot_ms > other.boot_ms } else { self.unix_ms > other.unix_ms }
    }
}
