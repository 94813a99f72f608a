//! The loops of other programs in the projects of the open sessions and runs.

use crate::overview::Overview;
use crate::reader::SessionReader;
use baton_engine::discovery::{ForeignLoop, ForeignLoopState, LoopIndex, PROGRESS_DIR, known_foreign_loops};
use baton_system::worktree;

impl SessionReader<'_> {
    /// Returns the loops with a log in the current project, in the project of an open session or run, or where a search
    /// found one before.
    #[must_use]
    pub fn foreign_loops(&self, seen: &Overview) -> Vec<ForeignLoop> {
        let here = current_project();
        let locks = || self.inspector.lock_table();
        known_foreign_loops(self.store(), projects(here.as_deref(), seen), locks, std::process::id())
    }

    /// Looks for the same loops, and those below the directories that the index watches. What an index saw before is not
    /// read again. Returns the loops that run, or that were killed or ended not too long ago.
    #[must_use]
    pub fn watched_loops(&self, index: &mut LoopIndex, seen: &Overview) -> Vec<ForeignLoop> {
        let here = current_project();
        let locks = || self.inspector.lock_table();
        index.refresh(self.store(), projects(here.as_deref(), seen), locks, std::process::id(), self.now.unix_ms);
        index.loops(self.settings.config().stale_after.ms())
    }

    /// Returns those of them that run, or that were killed not too long ago.
    #[must_use]
    pub fn open_foreign_loops(&self, seen: &Overview) -> Vec<ForeignLoop> {
        let mut loops = self.foreign_loops(seen);
        if !loops.is_empty() {
            let max_age_ms = self.settings.config().stale_after.ms();
            loops.retain(|it| match it.state {
                ForeignLoopState::Active => true,
                ForeignLoopState::Interrupted | ForeignLoopState::Unknown => it.updated.age_ms(&seen.now) <= max_age_ms,
                _ => false,
            });
        }
        loops
    }
}

fn current_project() -> Option<String> {
    std::env::current_dir().ok().and_then(|directory| worktree::find_root(&directory))
}

/// Returns the current project, and those of the open sessions and runs.
fn projects<'a>(here: Option<&'a str>, seen: &'a Overview) -> impl Iterator<Item = &'a str> {
    let of_sessions = seen.sessions.iter().filter_map(|seen| seen.session.project.as_deref());
    let of_runs = seen.runs.iter().filter_map(|(run, _)| run.project.as_deref());
    here.into_iter().chain(of_sessions).chain(of_runs)
}

/// Returns the project of a loop. Where its log is not in the usual directory, it is that of the log's directory.
#[must_use]
pub fn loop_project(it: &ForeignLoop) -> Option<String> {
    let directory = it.path.parent()?;
    let project = if directory.ends_with(PROGRESS_DIR) { directory.ancestors().nth(2)? } else { directory };
    worktree::find_root(project)
}
