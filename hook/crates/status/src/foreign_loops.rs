//! The loops of other programs that can be named, however long ago they ended.

use std::collections::BTreeSet;

use crate::overview::Overview;
use crate::reader::SessionReader;
use crate::watched_loops::WatchedLoops;
use baton_engine::discovery::{ForeignLoop, PROGRESS_DIR, known_foreign_loops};
use baton_system::worktree;

impl SessionReader<'_> {
    /// Returns the loops with a log in the current project, in the project of an open session or run, or where a search
    /// found one before, and all that a status shows.
    #[must_use]
    pub fn foreign_loops(&self, seen: &Overview) -> Vec<ForeignLoop> {
        let here = self.settings.directory().and_then(worktree::find_root);
        let projects = here.iter().map(String::as_str).chain(seen.projects());
        let locks = || self.inspector.lock_table();
        let mut loops = known_foreign_loops(self.store(), projects, locks, std::process::id());
        let known: BTreeSet<String> = loops.iter().map(|it| it.id.clone()).collect();
        loops.extend(WatchedLoops::default().look(self, seen).into_iter().filter(|it| !known.contains(&it.id)));
        loops
    }
}

/// Returns the project of a loop. Where its log is not in the usual directory, it is that of the log's directory.
#[must_use]
pub fn loop_project(it: &ForeignLoop) -> Option<String> {
    let directory = it.path.parent()?;
    let project = if directory.ends_with(PROGRESS_DIR) { directory.ancestors().nth(2)? } else { directory };
    worktree::find_root(project)
}
