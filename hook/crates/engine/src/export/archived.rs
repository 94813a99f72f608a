//! What an exported session becomes on the machine that takes it in.

use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{Ended, Session};
use agent_baton_core::timestamp::Timestamp;

use super::without_delivery_state;
use baton_store::{StoreError, View};

/// Returns the record in the trash if a user deleted the session. An import may restore it.
///
/// # Errors
/// Returns an error if the trash cannot be searched.
pub fn find_deleted(view: &View<'_>, session: &Session) -> Result<Option<Session>, StoreError> {
    if view.session(&session.id) != Reading::Deleted {
        return Ok(None);
    }
    let found = view.find_session(&session.id)?.map(|(_, found)| found);
    Ok(found.filter(|found| found.agent == session.agent))
}

/// Returns the record for this machine: ended, and without its runs, which do not exist here.
#[must_use]
pub fn as_archived(session: Session, now: &Timestamp) -> Session {
    let mut session = without_delivery_state(session);
    let runs = u32::try_from(session.runs.len()).unwrap_or(u32::MAX);
    session.runs.clear();
    session.runs_ended = session.runs_ended.saturating_add(runs);
    session.messages = false;
    session.ended.get_or_insert_with(|| Ended { at: now.clone(), reason: Reason::Imported });
    session
}

/// Returns the record of a session that was handed over to this machine, for its project here.
///
/// What a machine knows of the session from before stays: its launches, runs, notifications and pin. The launches of the other
/// machine are not taken, because nothing here can judge their processes.
#[must_use]
pub fn as_picked_up(handed_over: Session, known: Option<&Session>, project: &str, now: &Timestamp) -> Session {
    let ended = Ended { at: now.clone(), reason: Reason::Imported };
    let mut session = Session {
        runs: Vec::new(),
        project: Some(project.to_owned()),
        directory: None,
        cwd: Some(project.to_owned()),
        launches: Vec::new(),
        pinned: false,
        dismissed: None,
        ended: Some(ended.clone()),
        resuming: None,
        messages: false,
        ..without_delivery_state(handed_over)
    };
    let Some(known) = known else { return session };
    session.created.clone_from(&known.created);
    session.runs.clone_from(&known.runs);
    session.runs_ended = session.runs_ended.max(known.runs_ended);
    session.outbox.clone_from(&known.outbox);
    session.pinned = known.pinned;
    // An agent that was started for it may not have announced itself yet.
    session.resuming.clone_from(&known.resuming);
    session.name = session.name.or_else(|| known.name.clone());
    session.launches.clone_from(&known.launches);
    for launch in session.launches.iter_mut().filter(|launch| launch.ended.is_none()) {
        launch.ended = Some(ended.clone());
    }
    session
}
