//! The loops of other programs that a status shows.

use std::path::{Path, PathBuf};

use crate::overview::Overview;
use crate::reader::SessionReader;
use baton_engine::config::Settings;
use baton_engine::discovery::{ForeignLoop, LoopIndex};
use baton_system::worktree;

/// The loops that run, or that were killed or ended not too long ago: below the watched directories, in the projects of
/// open sessions and runs, and where a search found one before. What was read before is not read again.
#[derive(Debug, Default)]
pub struct WatchedLoops {
    /// The directories that the user named for this program.
    named: Vec<PathBuf>,
    /// The directories that the index watches.
    watched: Vec<PathBuf>,
    index: LoopIndex,
}

impl WatchedLoops {
    /// Watches these directories. Without any, the configuration says which, and else the current directory is searched.
    #[must_use]
    pub fn below(named: Vec<PathBuf>) -> Self {
        Self { named, ..Self::default() }
    }

    /// Looks for the loops.
    pub fn look(&mut self, reader: &SessionReader<'_>, seen: &Overview) -> Vec<ForeignLoop> {
        let watched = watched_directories(&self.named, reader.settings);
        if watched != self.watched {
            self.index = LoopIndex::new(watched.clone());
            self.watched = watched;
        }
        let locks = || reader.inspector.lock_table();
        let here = reader.settings.directory().and_then(worktree::find_root);
        let projects = here.iter().map(String::as_str).chain(seen.projects());
        self.index.refresh(reader.store(), projects, locks, std::process::id(), reader.now.unix_ms);
        self.index.loops(reader.settings.config().stale_after.ms())
    }

    /// Returns what could not be searched or read, if anything.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.index.problem()
    }

    /// Returns the directories whose changes tell of a change of a loop.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.index.watched_directories()
    }
}

/// Returns the directories that the user named, or else those of the configuration, or else the project of the current
/// directory or this directory. One that contains the home directory is too much to be searched unasked.
fn watched_directories(named: &[PathBuf], settings: &Settings) -> Vec<PathBuf> {
    let configured = &settings.config().view.watch;
    if let Some(directories) = [named, configured].into_iter().find(|it| !it.is_empty()) {
        return directories.to_vec();
    }
    let here = settings.directory().map(|it| worktree::find_root(it).map_or_else(|| it.to_owned(), PathBuf::from));
    let is_small = |here: &PathBuf| here.parent().is_some() && settings.homes().all(|home| !home.starts_with(here));
    here.into_iter().filter(is_small).collect()
}
