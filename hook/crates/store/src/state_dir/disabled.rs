//! Where the user turned baton off. The setting is part of `format`, which every event reads anyway, so events need no
//! further read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Where baton does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Disabled {
    /// Whether it is disabled everywhere.
    #[serde(default)]
    pub everywhere: bool,
    /// The roots of the projects in which it is disabled.
    #[serde(default)]
    pub projects: BTreeSet<String>,
}

impl Disabled {
    /// Returns whether it is disabled nowhere.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && self.projects.is_empty()
    }

    /// Returns whether it is disabled in a project. `project` is called only if the answer depends on it.
    pub fn is_in(&self, project: impl FnOnce() -> Option<String>) -> bool {
        self.everywhere
            || (!self.projects.is_empty() && project().is_some_and(|project| self.projects.contains(&project)))
    }
}
