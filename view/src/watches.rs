//! Notices that files in some directories changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// The maximum number of directories that are watched because of files in them. The other files are only looked at.
const MAX_DIRECTORIES_OF_FILES: usize = 256;

/// Watched directories.
pub(crate) struct Watches {
    /// `None` if the system gives none.
    watcher: Option<RecommendedWatcher>,
    /// The directories, with the device and inode of each.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    wanted: Arc<Mutex<Wanted>>,
    signals: Receiver<()>,
}

/// What is worth a signal.
#[derive(Debug, Default)]
struct Wanted {
    /// Directories in which everything is.
    directories: BTreeSet<PathBuf>,
    /// Files in other directories.
    files: BTreeSet<PathBuf>,
}

impl Wanted {
    fn has(&self, path: &Path) -> bool {
        let is_in = |directory: &Path| self.directories.contains(directory);
        self.files.contains(path) || is_in(path) || path.parent().is_some_and(is_in)
    }
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
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let handler = {
            let wanted = Arc::clone(&wanted);
            move |event: notify::Result<notify::Event>| {
                // Reading is no change, and the view itself reads. An error can mean that changes were lost, and so can an
                // event that names no path.
                let is_nothing = event.is_ok_and(|event| {
                    let wanted = lock(&wanted);
                    let is_elsewhere = !event.paths.is_empty() && !event.paths.iter().any(|path| wanted.has(path));
                    matches!(event.kind, EventKind::Access(_)) || is_elsewhere
                });
                if !is_nothing {
                    let _ = signal.try_send(());
                }
            }
        };
        Self { watcher: notify::recommended_watcher(handler).ok(), watched: BTreeMap::new(), wanted, signals }
    }

    /// Creates what there is where the system gives no watches.
    #[cfg(test)]
    pub(crate) fn without_watcher() -> Self {
        Self { watcher: None, ..Self::new() }
    }

    /// Watches these directories and files, and no others. A directory that was replaced is watched anew.
    pub(crate) fn follow(&mut self, directories: Vec<PathBuf>, files: Vec<PathBuf>) -> Followed {
        let mut followed = Followed { is_new: false, is_complete: self.watcher.is_some() };
        let Some(watcher) = &mut self.watcher else { return followed };
        let identity = |path: &PathBuf| {
            let meta = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
            Some((path.clone(), (meta.dev(), meta.ino())))
        };
        let of_files: BTreeSet<PathBuf> = files.iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
        let of_files = of_files.into_iter().take(MAX_DIRECTORIES_OF_FILES);
        let directories: BTreeSet<PathBuf> = directories.into_iter().collect();
        let wanted: BTreeMap<_, _> =
            of_files.chain(directories.iter().cloned()).filter_map(|it| identity(&it)).collect();
        // Before they are watched, so that no event is taken for one of elsewhere.
        *lock(&self.wanted) = Wanted { directories, files: files.into_iter().collect() };
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
            } else if lock(&self.wanted).directories.contains(&path) {
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

fn lock(wanted: &Mutex<Wanted>) -> MutexGuard<'_, Wanted> {
    // Nothing panics while it holds the lock.
    wanted.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts() {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        let wanted = Wanted { directories: paths(&["/state"]), files: paths(&["/logs/a"]) };
        for (path, expected) in [
            ("/state", true),
            ("/state/x", true),
            ("/state/x/y", false),
            ("/logs/a", true),
            ("/logs/b", false),
            ("/logs", false),
            ("/", false),
        ] {
            assert_eq!(wanted.has(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_file_in_a_directory_that_does_not_count_gives_a_signal() {
        let dir = tempfile::tempdir().unwrap();
        let [state, elsewhere] = ["state", "elsewhere"].map(|name| dir.path().join(name));
        for directory in [&state, &elsewhere] {
            fs::create_dir(directory).unwrap();
        }
        let file = elsewhere.join("a.jsonl");
        let mut watches = Watches::new();
        assert!(watches.follow(vec![state.clone()], vec![file.clone()]).is_new);
        let followed = watches.follow(vec![state.clone()], vec![file.clone()]);
        assert!(!followed.is_new && followed.is_complete);
        for path in [state.join("x"), file] {
            fs::write(&path, "x").unwrap();
            assert!(watches.wait(Duration::from_secs(60)), "{path:?}");
            while watches.wait(Duration::ZERO) {}
        }
    }
}
