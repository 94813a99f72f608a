//! A length of time as you write it in the configuration.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

const UNITS: [(char, u64); 4] = [('d', 24 * 60 * 60 * 1000), ('h', 60 * 60 * 1000), ('m', 60 * 1000), ('s', 1000)];

/// A length of time, written as a number and `d`, `h`, `m` or `s`. Stored in milliseconds, at least a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct TimeSpan(u64);

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a length of time: write a whole number from 1 on and d, h, m or s, as in \"7d\"")]
pub struct TimeSpanError(String);

impl TimeSpan {
    /// Creates a length of this many days.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(days * 24 * 60 * 60 * 1000)
    }

    /// Creates a length of this many minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60 * 1000)
    }

    /// Returns the length in milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }
}

impl FromStr for TimeSpan {
    type Err = TimeSpanError;
    fn from_str(text: &str) -> Result<Self, TimeSpanError> {
        let parsed = UNITS.iter().find_map(|(unit, ms)| {
            let number = text.strip_suffix(*unit)?;
            let digits = number.chars().all(|c| c.is_ascii_digit());
            number.parse::<u64>().ok().filter(|number| digits && *number > 0)?.checked_mul(*ms)
        });
        parsed.map(Self).ok_or_else(|| TimeSpanError(text.chars().take(40).collect()))
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = TimeSpan;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time in quotes, as in \"7d\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<TimeSpan, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}

impl From<TimeSpan> for String {
    fn from(age: TimeSpan) -> Self {
        age.to_string()
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, ms)| self.0.is_multiple_of(*ms));
        let (unit, ms) = whole.copied().unwrap_or(('s', 1000));
        write!(f, "{}{unit}", self.0 / ms)
    }
}
