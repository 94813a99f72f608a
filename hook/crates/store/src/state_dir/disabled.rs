//! Where a user turned baton off. The setting is part of `format`, which every event reads anyway, so it costs an event nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Where baton does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Disabled {
    /// Everywhere.
    #[serde(default)]
    pub everywhere: bool,
    /// In these projects, by their roots.
    #[serde(default)]
    pub projects: BTreeSet<String>,
}

impl Disabled {
    /// Whether it is disabled nowhere.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && self.projects.is_empty()
    }

    /// Whether it is disabled in a project, which is looked up only where that matters.
    pub fn is_in(&self, project: impl FnOnce() -> Option<String>) -> bool {
        self.everywhere
            || (!self.projects.is_empty() && project().is_some_and(|project| self.projects.contains(&project)))
    }
}
