//! Finds the files of the state that cannot be used, and moves them to the quarantine if the user asks for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::Reading;
use agent_baton_core::timestamp::Timestamp;

use crate::audit::{self, OLD_FILES};
use crate::error::StoreError;
use crate::file;
use crate::lock::{self, LockError};
use crate::progress_log::check_progress_log;
use crate::quarantine::quarantine;
use crate::state_dir::format;
use crate::state_dir::layout::Layout;
use crate::store::Store;
use crate::wal::entry;

/// The directories within the directories of the state. Every other directory there stands where a file belongs.
const INNER_DIRS: [&str; 6] =
    ["index/expiry", "archive/sessions", "archive/runs", "archive/progress", "trash/sessions", "trash/runs"];

/// The directories that grow with history.
const HISTORY_DIRS: [&str; 3] = ["archive", "trash", "conversations"];

/// The directories whose content is checked elsewhere, or is known to be unusable.
const UNCHECKED_DIRS: [&str; 2] = ["protected", "quarantine"];

/// Which files of the archive, the trash and the kept messages are checked.
#[derive(Debug)]
pub enum HistoryCheck {
    /// Every file.
    All,
    /// Some of them, so that the time does not grow with their number.
    Sample {
        /// The archived sessions to read.
        sessions: Vec<SessionId>,
        /// The archived runs to read.
        runs: Vec<RunId>,
        /// How many files of one directory are opened.
        files: usize,
    },
}

impl Store {
    /// Returns what is wrong with each file of the state that cannot be used. It leaves out the format, which
    /// [`Store::check_format`] checks, and the files of protected projects, whose records say more.
    ///
    /// # Errors
    ///
    /// Returns an error if a directory cannot be listed.
    pub fn unusable_files(&self, history: &HistoryCheck) -> Result<Vec<StoreError>, StoreError> {
        let mut wrong = self.unreadable_records(history)?;
        wrong.extend(entry::read(&self.layout).err());
        wrong.extend(file::open(&self.layout.lock()).err());
        wrong.extend((0..=OLD_FILES).filter_map(|age| audit::open(&self.layout, age).err()));
        for dir in Layout::DIRS.iter().filter(|dir| !UNCHECKED_DIRS.contains(dir)) {
            check_entries(&self.layout, Path::new(dir), history, &mut wrong)?;
        }
        let mut seen = BTreeSet::new();
        wrong.retain(|error| error.path().is_none_or(|path| seen.insert(path.to_owned())));
        Ok(wrong)
    }

    fn unreadable_records(&self, history: &HistoryCheck) -> Result<Vec<StoreError>, StoreError> {
        let (mut sessions, mut runs) = (self.sessions(Location::Live)?, self.runs(Location::Live)?);
        match history {
            HistoryCheck::All => {
                sessions.extend(self.sessions(Location::Archive)?);
                runs.extend(self.runs(Location::Archive)?);
            }
            HistoryCheck::Sample { sessions: some_sessions, runs: some_runs, .. } => {
                sessions.extend(some_sessions.iter().cloned());
                runs.extend(some_runs.iter().cloned());
            }
        }
        let mut wrong = Vec::new();
        for id in sessions {
            if self.read(|view| view.session(&id))? == Reading::Unreadable {
                wrong.extend(self.read(|view| view.session_error(&id))?);
            }
        }
        for id in runs {
            if self.read(|view| view.run(&id))? == Reading::Unreadable {
                wrong.extend(self.read(|view| view.run_error(&id))?);
            }
        }
        Ok(wrong)
    }

    /// Moves every file that cannot be used to the quarantine, and returns what to tell the user. A file that the
    /// system does not let baton read stays: it may be whole.
    ///
    /// # Errors
    ///
    /// Returns an error if the state has a newer format, if the lock is held until the deadline, or if a file cannot be
    /// moved.
    pub fn quarantine_unusable(&self, deadline: Instant, now: &Timestamp) -> Result<Vec<String>, LockError> {
        let format = match format::read(&self.layout) {
            Ok(_) => None,
            Err(LockError::Store(error)) => Some(error),
            Err(error) => return Err(error),
        };
        let mut texts = Vec::new();
        let mut move_away = |error| match error {
            StoreError::Unreadable { path, what } => {
                texts.push(quarantine(&self.layout, &path, now, &what)?);
                Ok(())
            }
            _ => Ok::<(), StoreError>(()),
        };
        // Nobody can hold a lock that is no file.
        file::open(&self.layout.lock()).map_or_else(&mut move_away, |_| Ok(()))?;
        // Recovery may stop at the very file that is to be moved.
        let _lock = lock::acquire(&self.layout.lock(), deadline)?;
        format.into_iter().chain(self.unusable_files(&HistoryCheck::All)?).try_for_each(&mut move_away)?;
        if !texts.is_empty() {
            // The index may name what is gone. The next holder of the lock rebuilds it.
            file::remove(&self.layout.index_complete())?;
        }
        Ok(texts)
    }
}

/// Checks that each entry of a directory is a file that can be opened.
fn check_entries(
    layout: &Layout,
    dir: &Path,
    history: &HistoryCheck,
    wrong: &mut Vec<StoreError>,
) -> Result<(), StoreError> {
    let path = layout.root().join(dir);
    if path.is_file() {
        wrong.push(StoreError::unreadable(&path, "is not a directory"));
        return Ok(());
    }
    let most = match history {
        HistoryCheck::Sample { files, .. } if HISTORY_DIRS.iter().any(|of| dir.starts_with(of)) => *files,
        _ => usize::MAX,
    };
    for name in file::list_some_names(&path, most)? {
        let entry: PathBuf = dir.join(&name);
        let is_inner = INNER_DIRS.iter().any(|inner| Path::new(inner) == entry) || dir == Path::new("conversations");
        if is_inner && layout.root().join(&entry).is_dir() {
            check_entries(layout, &entry, history, wrong)?;
        } else if let Err(error) = file::open(&layout.root().join(&entry)) {
            wrong.push(error);
        } else if dir == Path::new("progress") {
            wrong.extend(check_progress_log(&path.join(&name)).err());
        }
    }
    Ok(())
}
