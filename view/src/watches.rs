//! Notices that files in some directories changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Watched directories.
pub(crate) struct Watches {
    /// `None` if the system gives none.
    watcher: Option<RecommendedWatcher>,
    /// The directories, with the device and inode of each.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    signals: Receiver<()>,
}

/// What following some directories led to.
pub(crate) struct Followed {
    /// Whether a directory is watched that was not before, so that something may have changed there unnoticed.
    pub(crate) is_new: bool,
    /// Whether every directory that exists is watched. If not, only looking again tells of a change.
    pub(crate) is_complete: bool,
}

impl Watches {
    /// Creates watches of nothing.
    pub(crate) fn new() -> Self {
        // One signal says as much as many.
        let (signal, signals) = sync_channel(1);
        let handler = move |event: notify::Result<notify::Event>| {
            // Reading is no change, and the view itself reads. An error can mean that changes were lost.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                let _ = signal.try_send(());
            }
        };
        Self { watcher: notify::recommended_watcher(handler).ok(), watched: BTreeMap::new(), signals }
    }

    /// Watches these directories and no others. A directory that was replaced is watched anew.
    pub(crate) fn follow(&mut self, directories: Vec<PathBuf>) -> Followed {
        let mut followed = Followed { is_new: false, is_complete: self.watcher.is_some() };
        let Some(watcher) = &mut self.watcher else { return followed };
        let identity = |path: &PathBuf| {
            let meta = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
            Some((path.clone(), (meta.dev(), meta.ino())))
        };
        let wanted: BTreeMap<_, _> = directories.iter().filter_map(identity).collect();
        self.watched.retain(|path, identity| {
            let stays = wanted.get(path) == Some(identity);
            if !stays {
                // It is gone if the directory is.
                let _ = watcher.unwatch(path);
            }
            stays
        });
        for (path, identity) in wanted {
            if self.watched.contains_key(&path) {
                continue;
            }
            if watcher.watch(&path, RecursiveMode::NonRecursive).is_ok() {
                followed.is_new = true;
                self.watched.insert(path, identity);
            } else {
                followed.is_complete = false;
            }
        }
        followed
    }

    /// Waits for a change. Returns whether there was one.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        match self.signals.recv_timeout(timeout) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                // Nothing watches.
                std::thread::sleep(timeout);
                false
            }
        }
    }
}
