//! Reports an error to the user.

use agent_baton_core::agent::Agent;
use baton_display::causes;
use baton_store::StoreError;

use baton_system::here;

use crate::context::inspector;
use crate::error::{CommandError, ErrorKind};
use crate::hint::Hint;
use crate::output;

/// Prints the error, its causes and the hint on standard error, each on lines of its own. Returns the exit status.
#[must_use]
pub fn report(error: &CommandError) -> u8 {
    let mut text = format!("error: {error}");
    if let ErrorKind::Ambiguous { candidates, .. } = &error.kind {
        candidates.iter().for_each(|line| text.push_str(&format!("\n{line}")));
    }
    causes(error).for_each(|cause| text.push_str(&format!("\ncaused by: {cause}")));
    if let Some(hint) = sandbox_hint(error).as_ref().or(error.hint.as_ref()) {
        text.push_str(&format!("\nhint: {hint}"));
    }
    output::hint(&text);
    error.status()
}

/// The hint for a state that Codex' sandbox keeps from being written.
fn sandbox_hint(error: &CommandError) -> Option<Hint> {
    let read_only = error.store_error().is_some_and(StoreError::is_read_only);
    (read_only && is_called_by_codex()).then(|| {
        "Codex runs its tools in a sandbox that may not write there: `baton install --writable`, outside of it, opens the state"
            .into()
    })
}

/// Returns whether the nearest agent above this process is Codex.
fn is_called_by_codex() -> bool {
    let lineage = here().ok().and_then(|here| inspector(here).lineage());
    lineage.is_some_and(|lineage| lineage.agent == Agent::Codex)
}
