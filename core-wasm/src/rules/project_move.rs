//! Moves a session and runs to the project in which they go on, if their own project is gone.

use crate::event::Event;
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::run::Run;

/// Gives the session and its unfinished runs the event's project, if the recorded one no longer exists. Runs of others
/// follow only if the directory is provably theirs.
///
/// A directory was renamed or moved, or a worktree was removed. A session that only goes to another directory keeps its
/// project, because its work is still there.
pub fn apply(cx: &mut EventContext<'_>) -> Option<Reason> {
    let event = cx.event;
    let (missing, project) = (event.missing_project.as_ref()?, event.project.as_ref()?);
    if project == missing {
        return None;
    }
    let is_session_moved = cx.record()?.project.as_ref() == Some(missing);
    let own = if is_session_moved { cx.rules.unfinished_runs_of(cx.session) } else { Vec::new() };
    // Elsewhere, such as outside of a container, the same directory has another path.
    let follows = |run: &&Run| {
        let is_known = run.directory.is_some()
            && run.directory == event.directory
            && run.owner.process.shares_paths_with(cx.process);
        let may_change = run.status.is_unfinished() && !cx.rules.is_unreachable(run);
        run.project.as_ref() == Some(missing) && may_change && (is_known || own.contains(&run.id))
    };
    let moved: Vec<_> = cx.rules.draft.runs().filter(follows).map(|run| run.id.clone()).collect();
    for id in &moved {
        if let Some(run) = cx.rules.draft.run_mut(id) {
            run.project = Some(project.clone());
            run.directory.clone_from(&event.directory);
        }
    }
    if is_session_moved {
        move_session(cx, event);
    }
    (is_session_moved || !moved.is_empty()).then_some(Reason::ProjectMoved)
}

fn move_session(cx: &mut EventContext<'_>, event: &Event) {
    if let Some(session) = cx.record_mut() {
        session.project.clone_from(&event.project);
        session.directory.clone_from(&event.directory);
        session.cwd.clone_from(&event.cwd);
    }
}
