//! The locations of progress logs, and how they are written: under the lock, so that writers do not interleave.
//!
//! A new log is renamed into place as a whole. A finished log moves to the archive under a name of its own: the run's
//! id, `@` and the owner's fence. No id contains `@`, so nothing is overwritten. A log is only for a user, so an error
//! here does not fail a decision.

use baton_display::error_chain;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;
use nix::fcntl::OFlag;

use crate::error::StoreError;
use crate::file;
use crate::locked_store::LockedStore;
use crate::progress::entry;
use crate::progress::heading::Heading;
use crate::progress::read::{Ending, ProgressLog};
use crate::state_dir::layout::Layout;
use crate::store::Store;

/// How much of a log is read at once, backwards from its end, until a heading is found.
const READ_CHUNK_BYTES: u64 = 64 * 1024;

/// The maximum number of logs of one run that ended with the same fence.
const MAX_ARCHIVED_NAMES: u32 = 100;

impl Store {
    /// Returns the path of the current log of a run, which may not exist.
    #[must_use]
    pub fn progress(&self, run: &RunId) -> PathBuf {
        self.layout.progress(run)
    }

    /// Returns the finished logs of a run, oldest first. It lists a directory, so it is only for commands.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be listed.
    pub fn finished_progress_logs(&self, run: &RunId) -> Result<Vec<PathBuf>, StoreError> {
        let dir = self.layout.finished_progress_dir();
        let prefix = format!("progress-{run}@");
        let number = |name: &str| -> Option<(u64, u32)> {
            let numbers = name.strip_prefix(&prefix)?.strip_suffix(".txt")?;
            let (fence, more) = numbers.split_once('.').unwrap_or((numbers, "0"));
            Some((fence.parse().ok()?, more.parse().ok()?))
        };
        let mut logs: Vec<_> =
            file::list_names(&dir)?.into_iter().filter_map(|name| Some((number(&name)?, dir.join(&name)))).collect();
        logs.sort();
        Ok(logs.into_iter().map(|(_, path)| path).collect())
    }
}

impl LockedStore<'_> {
    /// Brings the progress log of a run up to date with its record. Repeating it changes nothing, and it adds what
    /// earlier calls missed. `before` is the record before this change, if it is known. Errors are reported to the
    /// user.
    pub fn update_progress_log(&mut self, before: Option<&Run>, run: &Run) {
        if let Err(error) = note(&self.store.layout, before, run) {
            self.report(format!("the progress log of run {} is behind: {}", run.id, error_chain(&error)));
        }
    }
}

fn note(layout: &Layout, before: Option<&Run>, run: &Run) -> Result<(), StoreError> {
    let path = layout.progress(&run.id);
    if !file::exists(&path)? {
        if !run.status.is_unfinished() && file::exists(&archived(layout, run, 0))? {
            return Ok(());
        }
        return begin(layout, &path, run);
    }
    let log = ProgressLog::read(&path).map_err(StoreError::io("read", &path))?;
    if log.ending != Ending::Open {
        archive(layout, &path, run)?;
        return if run.status.is_unfinished() { begin(layout, &path, run) } else { Ok(()) };
    }
    let mut file = open(&path)?;
    let Some(last) = last_heading(&file, &path)? else {
        return Err(StoreError::unreadable(&path, "is not a progress log that baton wrote"));
    };
    let due = entry::missing_entries(&last, before, run);
    let footer = entry::footer_text(run);
    append(&mut file, &path, &format!("{due}{}", footer.as_deref().unwrap_or_default()))?;
    if footer.is_some() { archive(layout, &path, run) } else { Ok(()) }
}

/// Checks that a progress log is one that baton wrote.
///
/// # Errors
///
/// Returns what is wrong with it.
pub(crate) fn check_progress_log(path: &Path) -> Result<(), StoreError> {
    let file = open(path)?;
    match last_heading(&file, path)? {
        Some(_) => Ok(()),
        None => Err(StoreError::unreadable(path, "is not a progress log that baton wrote")),
    }
}

fn begin(layout: &Layout, path: &Path, run: &Run) -> Result<(), StoreError> {
    let head = entry::header_text(run);
    let begun = Heading::last(&head).map(|begun| entry::missing_entries(&begun, None, run)).unwrap_or_default();
    let footer = entry::footer_text(run);
    if let Some(dir) = path.parent() {
        file::make_dir(dir)?;
    }
    let text = format!("{head}{begun}{}", footer.as_deref().unwrap_or_default());
    file::replace(&layout.temp_of("progress"), path, text.as_bytes(), file::Durability::Full)?;
    if footer.is_some() { archive(layout, path, run) } else { Ok(()) }
}

fn open(path: &Path) -> Result<File, StoreError> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flags).open(path).map_err(StoreError::io("open", path))
}

/// Appends whole lines, or nothing. It first cuts off a line that a crash left incomplete, which no reader has shown
/// yet.
fn append(file: &mut File, path: &Path, text: &str) -> Result<(), StoreError> {
    let failed = |source| StoreError::io("append to", path)(source);
    let end = whole_lines(file).map_err(failed)?;
    file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).map_err(failed)?;
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
        // If this fails too, the next call does it.
        let _ = file.set_len(end);
        return Err(failed(error));
    }
    Ok(())
}

/// Returns the length of the file up to its last line break.
fn whole_lines(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let from = end.saturating_sub(READ_CHUNK_BYTES);
        let bytes = read_chunk(file, from, end)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

/// Returns the last heading. It reads the log backwards from its end, so the cost depends only on the length of the
/// newest section.
fn last_heading(file: &File, path: &Path) -> Result<Option<Heading>, StoreError> {
    let failed = |source| StoreError::io("read", path)(source);
    let size = whole_lines(file).map_err(failed)?;
    let mut from = size;
    while from > 0 {
        // Chunks overlap by more than the length of a heading, so that a heading at a boundary is complete in one of
        // them.
        let to = size.min(from + 256);
        from = from.saturating_sub(READ_CHUNK_BYTES);
        let bytes = read_chunk(file, from, to).map_err(failed)?;
        if let Some(mark) = Heading::last(&String::from_utf8_lossy(&bytes)) {
            return Ok(Some(mark));
        }
    }
    Ok(None)
}

fn read_chunk(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or_default()];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

fn archived(layout: &Layout, run: &Run, namesake: u32) -> PathBuf {
    let more = if namesake == 0 { String::new() } else { format!(".{namesake}") };
    layout.finished_progress_dir().join(format!("progress-{}@{}{more}.txt", run.id, run.fence))
}

/// Moves a finished log to the archive under an unused name.
fn archive(layout: &Layout, path: &Path, run: &Run) -> Result<(), StoreError> {
    let dir = layout.finished_progress_dir();
    file::make_dir(&dir)?;
    for namesake in 0..MAX_ARCHIVED_NAMES {
        let to = archived(layout, run, namesake);
        if !file::exists(&to)? {
            file::rename_if_there(path, &to)?;
            return file::sync_dir(&dir);
        }
    }
    Err(StoreError::unreadable(path, "is finished, and its names in the archive are used up"))
}
