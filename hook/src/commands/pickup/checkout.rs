//! Finds the checkout in which a session that was handed over goes on.

use std::collections::BTreeSet;
use std::path::Path;

use agent_baton_core::decision::Location;
use agent_baton_core::session::Session;
use baton_display::strip_control_chars;
use baton_system::{git_remote, worktree};

use crate::context::{Context, current_directory};
use crate::error::CommandError;

/// How many sessions are read in each location to find the projects of this machine.
const MAX_SESSIONS: usize = 2000;

/// Returns the worktree root on this machine that has the identity of the session's project: the one of the current directory,
/// or else the one of the newest session here. A session without an identity goes on in the current directory's project.
///
/// # Errors
/// Returns an error if there is none.
pub(super) fn find(context: &Context, identity: Option<&str>) -> Result<String, CommandError> {
    let here = worktree::find_root(&current_directory()?);
    let is_of =
        |root: &str| identity.is_some_and(|it| git_remote::project_identity(Path::new(root)).as_deref() == Some(it));
    let Some(wanted) = identity else {
        return here.ok_or_else(|| {
            CommandError::refused("the session's project has no git remote, so baton cannot find it on this machine")
                .hint("run this command inside the directory in which the session goes on")
        });
    };
    if let Some(here) = here.filter(|here| is_of(here)) {
        return Ok(here);
    }
    known_projects(context)?.into_iter().find(|root| is_of(root)).ok_or_else(|| {
        CommandError::not_found(format!("baton knows no checkout of {} on this machine", strip_control_chars(wanted)))
            .hint("clone it, and run this command inside it; baton checks out nothing")
    })
}

/// Returns the projects of the sessions of this machine, the one of the newest session first.
fn known_projects(context: &Context) -> Result<Vec<String>, CommandError> {
    let mut sessions: Vec<Session> = Vec::new();
    for location in [Location::Live, Location::Archive] {
        let ids = context.store().sessions(location)?;
        sessions.extend(ids.iter().take(MAX_SESSIONS).filter_map(|id| Some(context.session(id).ok()?.0)));
    }
    sessions.sort_by_key(|session| std::cmp::Reverse(session.updated.unix_ms));
    let mut seen = BTreeSet::new();
    let projects = sessions.into_iter().filter_map(|session| session.project);
    Ok(projects.filter(|project| seen.insert(project.clone()) && Path::new(project).is_dir()).collect())
}
