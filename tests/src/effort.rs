//! How much the tests try. `cargo test` plays a sample of what is long; `BATON_TESTS=full`, which `.ci/run` sets, plays everything, and
//! `BATON_TESTS=exhaustive`, before a release, every combination.

use std::sync::OnceLock;

/// The variable that says so.
pub const VARIABLE: &str = "BATON_TESTS";

/// How much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A sample, for whoever changes something.
    Sample,
    /// Everything that CI plays.
    Full,
    /// Every combination.
    Exhaustive,
}

impl Effort {
    /// What the environment asks for.
    #[must_use]
    pub fn get() -> Self {
        static EFFORT: OnceLock<Effort> = OnceLock::new();
        *EFFORT.get_or_init(|| match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("") => Self::Sample,
            Ok("full") => Self::Full,
            Ok("exhaustive") => Self::Exhaustive,
            Ok(other) => panic!("{VARIABLE}={other}: it is unset, \"full\" or \"exhaustive\""),
        })
    }

    /// The value for the sample, for everything, or for every combination.
    #[must_use]
    pub fn pick<T>(self, sample: T, full: T, exhaustive: T) -> T {
        match self {
            Self::Sample => sample,
            Self::Full => full,
            Self::Exhaustive => exhaustive,
        }
    }
}

/// The items to try: all of them, or as a sample about `count` of them, evenly spread, the first among them.
pub fn sample<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    let step = Effort::get().pick(all.len().div_ceil(count.max(1)), 1, 1);
    all.iter().step_by(step.max(1))
}
