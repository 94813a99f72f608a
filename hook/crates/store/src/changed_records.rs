//! Tells which records changed after a line of the audit, so that whatever is derived from the records can follow them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use agent_baton_core::id::{RunId, SessionId};
use serde::{Deserialize, Serialize};

use crate::audit::{self, AuditChange, OLD_FILES};
use crate::error::StoreError;
use crate::file;
use crate::index::lookup::RecordId;
use crate::reverse_lines::ReverseLines;
use crate::state_dir::layout::{Hash, Layout};
use crate::store::Store;
use crate::wal::entry;

/// A position in the audit: its newest line at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPosition {
    /// The number of the line, or 0 where there is none.
    line: u64,
    /// The hash of the line. A number is used again after a power cut that lost an unsynced line, and in a state
    /// directory that was restored from a copy.
    hash: Hash,
    /// The inode and the length of the file that ended with the line.
    file: Option<(u64, u64)>,
}

/// The records that changed after a position.
#[derive(Debug, PartialEq, Eq)]
pub struct ChangedRecords {
    /// The current position. It was read before the records are.
    pub now: AuditPosition,
    /// The changed sessions and runs. `None` if the audit does not go back to the position, so that any record may have
    /// changed.
    pub since: Option<(BTreeSet<SessionId>, BTreeSet<RunId>)>,
}

/// The part of a line that names records.
#[derive(Deserialize)]
struct ChangesOfLine {
    n: u64,
    changes: Vec<AuditChange>,
}

impl Store {
    /// Returns the records that changed after a position. The commit in flight counts, and is reported again once it is
    /// completed.
    ///
    /// # Errors
    ///
    /// Returns an error if the audit cannot be read.
    pub fn changed_records(&self, since: Option<&AuditPosition>) -> Result<ChangedRecords, StoreError> {
        let mut changes = Changes::default();
        // Looked at first: what it names is in the audit before it is gone.
        if let Some(line) = entry::read(&self.layout).ok().flatten().map(|commit| commit.line)
            && let Ok(line) = serde_json::from_str::<ChangesOfLine>(line.get())
        {
            changes.add(line.changes);
        }
        let file = identity(&self.layout)?;
        if let Some(since) = since
            && since.file == file
        {
            return Ok(ChangedRecords { now: since.clone(), since: Some((changes.sessions, changes.runs)) });
        }
        let mut now: Option<AuditPosition> = None;
        let mut found = false;
        'files: for age in 0..=OLD_FILES {
            let path = self.layout.audit(age);
            let Some((audit, len)) = audit::open(&self.layout, age)? else { continue };
            let mut lines = ReverseLines::new(audit, len);
            while let Some(bytes) = lines.next().map_err(StoreError::io("read", &path))? {
                let Ok(line) = serde_json::from_slice::<ChangesOfLine>(&bytes) else { continue };
                let at = || AuditPosition { line: line.n, hash: Hash::of(&bytes), file };
                now.get_or_insert_with(at);
                match since {
                    Some(since) if line.n > since.line => changes.add(line.changes),
                    Some(since) => {
                        found = line.n == since.line && Hash::of(&bytes) == since.hash;
                        break 'files;
                    }
                    None => break 'files,
                }
            }
        }
        let now = now.unwrap_or_else(|| AuditPosition { line: 0, hash: Hash::of(b""), file });
        // A position before the first line is found where every line is still there.
        found |= since.is_some_and(|since| since.line == 0) && !file::exists(&self.layout.audit(OLD_FILES))?;
        Ok(ChangedRecords { now, since: found.then_some((changes.sessions, changes.runs)) })
    }
}

#[derive(Default)]
struct Changes {
    sessions: BTreeSet<SessionId>,
    runs: BTreeSet<RunId>,
}

impl Changes {
    fn add(&mut self, changes: Vec<AuditChange>) {
        for change in changes {
            match change.record_id() {
                Some(RecordId::Session(id)) => self.sessions.insert(id),
                Some(RecordId::Run(id)) => self.runs.insert(id),
                None => false,
            };
        }
    }
}

/// Returns the inode and the length of the current audit file.
fn identity(layout: &Layout) -> Result<Option<(u64, u64)>, StoreError> {
    let path = layout.audit(0);
    match fs::symlink_metadata(&path) {
        Ok(meta) => Ok(Some((meta.ino(), meta.len()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("inspect", &path)(error)),
    }
}
