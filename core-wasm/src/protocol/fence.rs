//! The fencing token of a run.

use serde::{Deserialize, Serialize};

/// A counter that grows by one at each change of owner. baton refuses a writer with an older fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Fence(pub u64);

impl Fence {
    /// The fence of a run's first owner.
    pub const FIRST: Self = Self(1);

    /// Returns the fence of the next owner.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
