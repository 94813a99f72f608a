//! Finds out whether the user left the conversation that owns a run.

use agent_baton_core::id::SessionId;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

/// Returns the session to which the user went on in the owner's window.
///
/// Codex keeps a thread loaded after `/new`, `/clear` or `/fork`, so the owner stays alive although no user sees it. The
/// process and the pane show that it is one window. In the daemon the pane is unknown, and nothing shows it.
pub fn left_for<'s>(run: &Run, sessions: impl Iterator<Item = &'s Session> + Clone) -> Option<&'s SessionId> {
    let owner = run.owner.session.as_ref().filter(|_| run.status.is_unfinished())?;
    if run.owner.agent?.shows_one_session() {
        return None;
    }
    let in_window =
        |launch: &&Launch| launch.ended.is_none() && launch.pane.is_known() && launch.pane == run.owner.pane;
    let here = sessions.filter_map(|session| {
        session.launch(&run.owner.process).filter(in_window).map(|launch| (launch.started.boot_ms, &session.id))
    });
    let (began, _) = here.clone().find(|(_, id)| *id == owner)?;
    here.filter(|(at, id)| *id != owner && *at > began).max_by_key(|(at, _)| *at).map(|(_, id)| id)
}
