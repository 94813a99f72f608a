//! What a process says of the supervised run that it belongs to.

use serde::{Deserialize, Serialize};

use crate::fence::Fence;
use crate::id::RunId;
use crate::process::Process;
use crate::run::Run;

/// What `BATON_RUN` and `BATON_FENCE` say, and the processes above, from which they were inherited: a claim to be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SupervisorClaim {
    /// The run.
    pub run: RunId,
    /// The owner's number.
    pub fence: Fence,
    /// The agent's process, or the caller's parent, and those above it, nearest first, up to the first that is a daemon.
    pub ancestors: Vec<Process>,
    /// The nearest agent above that.
    pub nested_in: Option<Process>,
}

impl SupervisorClaim {
    /// Whether the claim is true of a run: it names the run's current owner, whose command is among the claimant's ancestors.
    #[must_use]
    pub fn matches(&self, run: &Run) -> bool {
        let child = run.owner.child.as_ref();
        self.run == run.id && self.fence == run.fence && child.is_some_and(|child| self.ancestors.contains(child))
    }
}
