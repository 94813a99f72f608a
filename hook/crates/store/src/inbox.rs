//! Events that did not get the lock in time. They wait until the next holder of the lock handles them.
//!
//! `inbox/` exists only while it contains an event, so one lstat tells whether any event waits.

use std::fs;
use std::io::ErrorKind;

use agent_baton_core::event::Event;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::lock::LockError;
use crate::locked_store::LockedStore;
use crate::quarantine::quarantine;
use crate::state_dir::layout::Hash;
use crate::store::Store;

/// The maximum number of events that one call handles.
pub const INBOX_BATCH: usize = 16;

/// The maximum size of an event, in bytes.
const MAX_EVENT: u64 = 64 * 1024;

/// The age from which a temporary file must be the remains of a crash, in milliseconds. A hook runs only for seconds.
const STALE_MS: u64 = 60_000;

/// How often adding an event is tried again if another call removes the empty directory in the meantime.
const TRIES: u32 = 5;

/// An event in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferredEvent {
    /// When it arrived.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
    #[serde(skip)]
    name: String,
}

/// The position of a file in the order, from its name: events of an earlier boot first, then by the clock of this boot.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    this_boot: bool,
    ms: u64,
}

fn boot_tag(stamp: &Timestamp) -> String {
    Hash::of(stamp.boot.as_bytes()).as_str().chars().take(8).collect()
}

/// Returns a file name with the time of arrival. The hash distinguishes two events of one millisecond.
fn name(at: &Timestamp, event: &Event) -> String {
    let tag = boot_tag(at);
    let what = format!("{event:?}");
    let hash = Hash::of(what.as_bytes());
    let (unix, boot) = (at.unix_ms, at.boot_ms);
    format!("{unix:016}.{tag}.{boot:016}.{}.json", hash.as_str())
}

fn order(name: &str, now: &Timestamp) -> Order {
    let mut parts = name.split('.');
    let unix = parts.next().and_then(|part| part.parse().ok());
    let this_boot = parts.next() == Some(boot_tag(now).as_str());
    let boot = parts.next().and_then(|part| part.parse().ok());
    Order { this_boot, ms: if this_boot { boot } else { unix }.unwrap_or_default() }
}

impl Store {
    /// Adds an event to the inbox. This needs no lock.
    ///
    /// # Errors
    ///
    /// Returns an error if the event is too large or cannot be written, or if the state directory has a newer format.
    /// The event is then lost.
    pub fn inbox_add(&self, event: &Event, at: &Timestamp) -> Result<(), LockError> {
        self.check_format()?;
        let dir = self.layout.inbox();
        let name = name(at, event);
        let path = dir.join(&name);
        let waiting = DeferredEvent { at: at.clone(), event: event.clone(), name };
        let bytes = file::to_json(&path, &waiting, MAX_EVENT)?;
        let temp = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut tried = 0;
        loop {
            tried += 1;
            file::make_dir(&dir)?;
            match file::replace(&temp, &path, &bytes, file::Durability::Content) {
                Err(error) if is_gone(&error) && tried < TRIES => {}
                Err(error) => return Err(error.into()),
                Ok(()) => break,
            }
        }
        // If the directory is gone, another call has already handled the event. It must not be added again.
        match file::sync_dir(&dir) {
            Err(error) if !is_gone(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn is_gone(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

impl LockedStore<'_> {
    /// Returns the oldest events, at most [`INBOX_BATCH`], in order of arrival. Events of an earlier boot come first,
    /// by the wall clock. A file that is not an event moves to quarantine.
    ///
    /// # Errors
    ///
    /// Returns an error if the inbox cannot be listed.
    pub fn inbox_next_batch(&mut self, now: &Timestamp) -> Result<Vec<DeferredEvent>, StoreError> {
        let dir = self.store.layout.inbox();
        let mut names = file::list_names(&dir)?;
        names.sort_by_cached_key(|name| order(name, now));
        let mut taken = Vec::new();
        for name in names {
            let path = dir.join(&name);
            if name.ends_with(".tmp") {
                if is_stale(&path, now) {
                    self.quarantine_file(&path, now, "was not written completely")?;
                }
                continue;
            }
            if taken.len() == INBOX_BATCH {
                continue;
            }
            let read = match file::read(&path, MAX_EVENT) {
                Ok(Some(bytes)) => serde_json::from_slice::<DeferredEvent>(&bytes).ok(),
                Ok(None) => continue,
                Err(_) => None,
            };
            match read {
                Some(waiting) => taken.push(DeferredEvent { name, ..waiting }),
                None => self.quarantine_file(&path, now, "is not a deferred event")?,
            }
        }
        self.remove_inbox_if_empty();
        Ok(taken)
    }

    /// Removes an event that was handled.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be removed. It is then handled again, as a duplicate event.
    pub fn inbox_remove(&mut self, waiting: &DeferredEvent) -> Result<(), StoreError> {
        file::remove(&self.store.layout.inbox().join(&waiting.name))?;
        self.remove_inbox_if_empty();
        Ok(())
    }

    /// Moves an event that could not be handled to quarantine, so that it does not fail again.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be moved.
    pub fn inbox_quarantine(&mut self, waiting: &DeferredEvent, now: &Timestamp, why: &str) -> Result<(), StoreError> {
        let path = self.store.layout.inbox().join(&waiting.name);
        self.quarantine_file(&path, now, &format!("could not be processed ({why})"))?;
        self.remove_inbox_if_empty();
        Ok(())
    }

    fn quarantine_file(&mut self, path: &std::path::Path, now: &Timestamp, why: &str) -> Result<(), StoreError> {
        let report = quarantine(&self.store.layout, path, now, why)?;
        self.report(report);
        Ok(())
    }

    /// Removes the inbox if it is empty. rmdir refuses a directory that is not empty, which closes the race with an
    /// event that arrives now.
    fn remove_inbox_if_empty(&self) {
        let _ = fs::remove_dir(self.store.layout.inbox());
    }
}

fn is_stale(path: &std::path::Path, now: &Timestamp) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    let since = modified.ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        // A file of the future is not being written now either.
        .is_some_and(|written| now.unix_ms.abs_diff(written) > STALE_MS)
}
