//! Reports an error to the user.

use agent_baton_core::agent::Agent;
use baton_agents::spec;
use baton_display::causes;
use baton_installer::agents::config;
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

/// The hint for a state that the sandbox of an agent's tools keeps from being written.
fn sandbox_hint(error: &CommandError) -> Option<Hint> {
    let agent = error.store_error().is_some_and(StoreError::is_read_only).then(calling_agent)??;
    config(agent).sandbox.as_ref()?;
    let title = spec(agent).title;
    let hint = format!(
        "{title} runs its tools in a sandbox that may not write there: `baton install --writable`, outside of it, opens the state"
    );
    Some(hint.into())
}

/// Returns the nearest agent above this process.
fn calling_agent() -> Option<Agent> {
    Some(inspector(here().ok()?).lineage()?.agent)
}
