//! Reports an error to the user.

use agent_baton_core::agent::Agent;
use baton_store::StoreError;

use crate::context::{here, inspector};
use crate::error::CommandError;
use crate::output;

/// Prints the error on standard error and returns the exit status.
#[must_use]
pub fn report(error: &CommandError) -> u8 {
    output::notice(&error.to_string());
    if error.store_error().is_some_and(StoreError::is_read_only) && is_called_by_codex() {
        output::notice(
            "Codex runs its tools in a sandbox that may not write there: `baton install --writable`, outside of it, opens the state",
        );
    }
    error.status()
}

/// Returns whether the nearest agent above this process is Codex.
fn is_called_by_codex() -> bool {
    let lineage = here().ok().and_then(|here| inspector(here).lineage());
    lineage.is_some_and(|lineage| lineage.agent == Agent::Codex)
}
