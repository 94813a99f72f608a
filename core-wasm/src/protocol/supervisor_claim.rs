//! A process's claim to belong to a supervised run.

use serde::{Deserialize, Serialize};

use crate::fence::Fence;
use crate::id::RunId;
use crate::process::Process;
use crate::run::Run;

/// The values of `BATON_RUN` and `BATON_FENCE`, and the ancestors of the process that inherited them. The claim must be
/// checked, because any process can set these variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SupervisorClaim {
    /// The run.
    pub run: RunId,
    /// The owner's fence.
    pub fence: Fence,
    /// The ancestors, nearest first: the agent's process (or the caller's parent), and those above it up to the first
    /// daemon.
    pub ancestors: Vec<Process>,
    /// The nearest agent above the claimant.
    pub nested_in: Option<Process>,
}

impl SupervisorClaim {
    /// Returns whether the claim holds for a run: the claim has the run's current fence, and the run's command is among
    /// the claimant's ancestors.
    #[must_use]
    pub fn matches(&self, run: &Run) -> bool {
        let child = run.owner.child.as_ref();
        self.run == run.id && self.fence == run.fence && child.is_some_and(|child| self.ancestors.contains(child))
    }
}
