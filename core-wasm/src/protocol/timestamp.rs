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

/// How far ahead of now a timestamp may be, in milliseconds. Two machines differ by less, and a call that reads the clock
/// before another commits sees a timestamp that is a little later than its own now.
pub const CLOCK_TOLERANCE_MS: u64 = 60_000;

impl Timestamp {
    /// Returns the milliseconds from this time to `now`. A time in the future is no evidence of freshness: it counts as
    /// written when this boot began.
    #[must_use]
    pub fn age_ms(&self, now: &Self) -> u64 {
        if self.boot == now.boot && is_past(self.boot_ms, now.boot_ms) {
            now.boot_ms.saturating_sub(self.boot_ms)
        } else if is_past(self.unix_ms, now.unix_ms) {
            now.unix_ms.saturating_sub(self.unix_ms)
        } else {
            now.boot_ms
        }
    }

    /// Returns whether this time is in the future, by the clock that its age would come from. The clock was wrong then,
    /// when this was written or now, so nobody knows the time.
    #[must_use]
    pub fn is_future(&self, now: &Self) -> bool {
        !(is_past(self.unix_ms, now.unix_ms) || (self.boot == now.boot && is_past(self.boot_ms, now.boot_ms)))
    }

    /// Returns whether this time is after `other`. A time in the future is after none, and before all others. Of one
    /// boot, the boot clock decides, and otherwise the age.
    #[must_use]
    pub fn is_after(&self, other: &Self, now: &Self) -> bool {
        match (self.is_future(now), other.is_future(now)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) if self.boot == other.boot => self.boot_ms > other.boot_ms,
            (false, false) => self.age_ms(now) < other.age_ms(now),
        }
    }

    /// Returns the key by which records are sorted: milliseconds since 1970, and 0 for a time in the future, which sorts
    /// before all others.
    #[must_use]
    pub fn sort_key(&self, now: &Self) -> u64 {
        if self.is_future(now) { 0 } else { now.unix_ms.saturating_sub(self.age_ms(now)) }
    }
}

const fn is_past(at_ms: u64, now_ms: u64) -> bool {
    at_ms <= now_ms.saturating_add(CLOCK_TOLERANCE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1000;
    const YEAR_2099: u64 = 4_070_908_800_000;

    fn at(boot: &str, unix_ms: u64, boot_ms: u64) -> Timestamp {
        Timestamp { unix_ms, boot: boot.to_owned(), boot_ms }
    }

    fn now() -> Timestamp {
        at("now", 1_800_000_000_000, 5 * HOUR)
    }

    /// Checks the age of a time, and whether it is in the future.
    fn check(boot: &str, unix_ms: u64, boot_ms: u64, age_ms: u64, future: bool) {
        let stamp = at(boot, unix_ms, boot_ms);
        assert_eq!((stamp.age_ms(&now()), stamp.is_future(&now())), (age_ms, future), "{stamp:?}");
    }

    #[test]
    fn a_time_in_the_future_counts_from_the_beginning_of_this_boot() {
        let unix = now().unix_ms;
        check("now", unix - HOUR, 4 * HOUR, HOUR, false);
        check("earlier", unix - HOUR, 1, HOUR, false);
        // Within one boot, the wall clock may have been set meanwhile.
        check("now", YEAR_2099, 4 * HOUR, HOUR, false);
        check("now", 0, 4 * HOUR, HOUR, false);
        // A machine that was restored from a snapshot has an older boot clock and a right wall clock.
        check("now", unix - HOUR, 9 * HOUR, HOUR, false);
        check("now", YEAR_2099, 9 * HOUR, 5 * HOUR, true);
        check("earlier", YEAR_2099, 1, 5 * HOUR, true);
        check("earlier", unix + CLOCK_TOLERANCE_MS, 1, 0, false);
        check("earlier", unix + CLOCK_TOLERANCE_MS + 1, 1, 5 * HOUR, true);
        check("now", unix, 5 * HOUR + CLOCK_TOLERANCE_MS, 0, false);
    }

    #[test]
    fn a_time_in_the_future_is_after_none_and_before_all_others() {
        let unix = now().unix_ms;
        let (old, new) = (at("earlier", unix - 2 * HOUR, 9), at("now", YEAR_2099, 4 * HOUR));
        let (future, other) = (at("earlier", YEAR_2099, 1), at("another", YEAR_2099 + 1, 1));
        for (a, b) in [(&new, &old), (&new, &future), (&old, &future)] {
            assert!(a.is_after(b, &now()) && !b.is_after(a, &now()), "{a:?} {b:?}");
            assert!(a.sort_key(&now()) > b.sort_key(&now()), "{a:?} {b:?}");
        }
        assert!(!future.is_after(&other, &now()) && !other.is_after(&future, &now()));
        // Of one boot, the boot clock tells apart what the wall clock does not.
        assert!(at("now", 1, 5).is_after(&at("now", 2, 4), &now()));
    }
}
