//! Moves a session to the project in which it goes on, if its own project is gone.

use crate::reason::Reason;
use crate::rules::context::EventContext;

/// Gives the session and its unfinished runs the event's project, if the recorded one no longer exists.
///
/// A directory was renamed or moved, or a worktree was removed. A session that only goes to another directory keeps its
/// project, because its work is still there.
pub fn apply(cx: &mut EventContext<'_>) -> Option<Reason> {
    let event = cx.event;
    let (missing, project) = (event.missing_project.as_ref()?, event.project.as_ref()?);
    if project == missing || cx.record()?.project.as_ref() != Some(missing) {
        return None;
    }
    for id in cx.rules.unfinished_runs_of(cx.session) {
        if let Some(run) = cx.rules.draft.run_mut(&id).filter(|run| run.project.as_ref() == Some(missing)) {
            run.project = Some(project.clone());
        }
    }
    let session = cx.record_mut()?;
    session.project = Some(project.clone());
    session.cwd.clone_from(&event.cwd);
    Some(Reason::ProjectMoved)
}
