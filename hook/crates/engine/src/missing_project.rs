//! Finds out whether a session goes on elsewhere because its project is gone.

use std::io::ErrorKind;
use std::path::Path;

use agent_baton_core::event::Event;
use agent_baton_core::session::Session;
use baton_store::View;
use baton_system::worktree;

/// Returns the newest former path of the event's project: that of a run which has the same directory and whose path leads
/// nowhere. The directory was renamed, and the session may be new.
///
/// Only runs of this host count. Elsewhere, such as outside of a container, the same directory has another path.
pub fn former_project(view: &View<'_>, event: &Event) -> Option<String> {
    let (project, process) = (event.project.as_ref()?, event.process.as_ref()?);
    let runs = view.runs_of_directory(event.directory.as_deref()?).ok()?;
    runs.iter().rev().find_map(|id| {
        let run = view.run(id);
        let run = run.record().filter(|run| run.owner.process.shares_paths_with(process))?;
        let former = run.project.as_ref().filter(|former| *former != project)?;
        has_moved(Path::new(former), Path::new(project)).then(|| former.clone())
    })
}

/// Returns whether no directory is at the former path, or a link to the new one. What cannot be looked at is present.
fn has_moved(former: &Path, project: &Path) -> bool {
    match std::fs::canonicalize(former) {
        Ok(found) => found == project || !found.is_dir(),
        Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// Returns the session's project if it no longer exists and the event's directory does.
///
/// A project that cannot be looked at counts as present. One that now leads elsewhere through a symbolic link is gone
/// only if it leads to the event's project.
#[must_use]
pub fn missing_project(session: &Session, cwd: Option<&str>) -> Option<String> {
    let (project, cwd) = (session.project.as_deref()?, cwd?);
    // Either both exist or neither does. This spares nearly every event the look.
    if Path::new(cwd).starts_with(project) {
        return None;
    }
    let is_missing = match std::fs::canonicalize(project) {
        Ok(found) if found == Path::new(project) => !found.is_dir(),
        Ok(found) => worktree::find_root(Path::new(cwd)).is_some_and(|root| Path::new(&root) == found),
        Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    };
    (is_missing && worktree::find_root(Path::new(cwd)).is_some()).then(|| project.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use baton_store::fixtures;

    use super::*;

    #[test]
    fn a_project_is_missing_if_it_was_renamed_replaced_or_removed() {
        let dir = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(dir.path()).unwrap();
        for path in ["old/deep", "new/deep", "other"] {
            fs::create_dir_all(base.join(path)).unwrap();
        }
        fs::write(base.join("file"), "").unwrap();
        symlink(base.join("new"), base.join("link")).unwrap();
        for (project, cwd, missing) in [
            ("old", "new", false),
            ("old", "old/deep", false),
            ("gone", "new", true),
            ("gone", "gone", false),
            ("gone", "gone/deep", false),
            ("gone", "gone too", false),
            ("file", "new", true),
            ("file/deep", "new", true),
            ("link", "new", true),
            ("link", "other", false),
            ("link", "link", false),
        ] {
            let path = base.join(project).to_str().unwrap().to_owned();
            let session = Session { project: Some(path.clone()), ..fixtures::session("s", 1) };
            let found = missing_project(&session, base.join(cwd).to_str());
            assert_eq!(found, missing.then_some(path), "{project}, {cwd}");
        }
        assert_eq!(missing_project(&Session { project: None, ..fixtures::session("s", 1) }, Some("/")), None);
        assert_eq!(missing_project(&fixtures::session("s", 1), None), None);
    }
}
