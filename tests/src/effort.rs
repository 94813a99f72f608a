//! How much the tests try. `cargo test` tries a sample of what takes long. `BATON_TESTS=full`, which `.ci/run` sets,
//! tries everything. `BATON_TESTS=exhaustive`, for use before a release, tries every combination.

use std::sync::OnceLock;

/// The variable that selects the effort.
pub const VARIABLE: &str = "BATON_TESTS";

/// How much the tests try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A sample, for local changes.
    Sample,
    /// Everything that CI runs.
    Full,
    /// Every combination.
    Exhaustive,
}

impl Effort {
    /// Returns the effort that the environment selects.
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

    /// Returns the value for this effort.
    #[must_use]
    pub fn pick<T>(self, sample: T, full: T, exhaustive: T) -> T {
        match self {
            Self::Sample => sample,
            Self::Full => full,
            Self::Exhaustive => exhaustive,
        }
    }
}

/// Returns the items to try: all of them, or a sample of about `count`, evenly spread and including the first.
pub fn sample<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    let step = Effort::get().pick(all.len().div_ceil(count.max(1)), 1, 1);
    all.iter().step_by(step.max(1))
}
