//! The directories below the watched ones, found again only where something changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::log_search::{is_log, is_searched};

/// How deep below a watched directory logs are searched.
const MAX_DEPTH: usize = 16;

/// The maximum number of directories.
const MAX_DIRECTORIES: usize = 50_000;

/// The maximum number of entries of the directories that one look lists.
const MAX_ENTRIES: usize = 400_000;

/// How long one look may take.
const MAX_LOOK: Duration = Duration::from_secs(2);

/// How often every directory is looked at. Those that [`LogTree::nearest`] names are looked at each time.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A directory whose time is more recent than this may change again without getting another time.
const UNSETTLED: Duration = Duration::from_secs(1);

/// What changes when an entry of a directory is added or removed: device, inode and time. It is `None` as long as the
/// directory could change without getting another.
pub(super) type DirectoryStamp = Option<(u64, u64, i64, i64)>;

/// Returns the stamp of a directory.
pub(super) fn directory_stamp(meta: &Metadata) -> DirectoryStamp {
    let settled = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    settled.filter(|age| *age > UNSETTLED)?;
    Some((meta.dev(), meta.ino(), meta.mtime(), meta.mtime_nsec()))
}

/// The directories below some roots.
#[derive(Debug, Default)]
pub(super) struct LogTree {
    roots: Vec<PathBuf>,
    directories: BTreeMap<PathBuf, TreeDirectory>,
    looked: Option<Instant>,
    /// How many directories were listed since [`LogTree::take_listed`].
    listed: usize,
    /// What could not be searched, and why.
    pub(super) problems: Vec<String>,
}

/// A directory, with what it holds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct TreeDirectory {
    stamp: DirectoryStamp,
    depth: usize,
    below: Vec<PathBuf>,
    has_logs: bool,
}

impl LogTree {
    pub(super) fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots, ..Self::default() }
    }

    /// Takes what an earlier tree held. Each directory is looked at before it counts.
    pub(super) fn remember(&mut self, directories: BTreeMap<PathBuf, TreeDirectory>) {
        self.directories = directories;
    }

    /// Returns what a later tree can begin with.
    pub(super) fn to_cache(&self) -> BTreeMap<PathBuf, TreeDirectory> {
        let is_text = |path: &PathBuf| path.to_str().is_some();
        let fits = |(path, it): &(&PathBuf, &TreeDirectory)| is_text(path) && it.below.iter().all(is_text);
        self.directories.iter().filter(fits).map(|(path, it)| (path.clone(), it.clone())).collect()
    }

    /// Returns how many directories were listed since the last call.
    pub(super) fn take_listed(&mut self) -> usize {
        std::mem::take(&mut self.listed)
    }

    /// Looks for directories that are new or gone. `limit` is how many directories are looked at each time.
    pub(super) fn refresh(&mut self, limit: usize) {
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        if is_due || self.nearest(limit).any(|(path, known)| known.stamp.is_none() || known.stamp != stamp_of(path)) {
            self.look();
        }
    }

    /// Returns the directories that hold logs.
    pub(super) fn with_logs(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().filter(|(_, known)| known.has_logs).map(|(path, _)| path.as_path())
    }

    /// Returns the first `limit` directories in which a new one is likely, those nearest to the roots first.
    pub(super) fn nearest_paths(&self, limit: usize) -> impl Iterator<Item = &Path> {
        self.nearest(limit).map(|(path, _)| path)
    }

    fn nearest(&self, limit: usize) -> impl Iterator<Item = (&Path, &TreeDirectory)> {
        let mut all: Vec<_> = self.directories.iter().map(|(path, known)| (path.as_path(), known)).collect();
        all.sort_by_key(|(_, known)| known.depth);
        all.into_iter().take(limit)
    }

    fn look(&mut self) {
        let (begun, mut entries) = (Instant::now(), 0);
        let before = std::mem::take(&mut self.directories);
        self.problems.clear();
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<(PathBuf, usize)> = Vec::new();
        for root in &self.roots {
            match fs::canonicalize(root).and_then(|path| fs::metadata(&path).map(|meta| (path, meta))) {
                Ok((path, meta)) if meta.is_dir() => waiting.push((path, 0)),
                Ok(_) => self.problems.push(format!("cannot watch {}: it is not a directory", root.display())),
                Err(error) => self.problems.push(format!("cannot watch {}: {error}", root.display())),
            }
        }
        while let Some((path, depth)) = waiting.pop() {
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            // The device and inode: a directory that is mounted or linked twice is searched once.
            if !meta.is_dir() || !seen.insert((meta.dev(), meta.ino())) {
                continue;
            }
            let is_partial = entries > MAX_ENTRIES || begun.elapsed() > MAX_LOOK;
            if self.directories.len() >= MAX_DIRECTORIES || is_partial && !before.contains_key(&path) {
                self.problems.push(format!("the search for logs ended early at {}: too many files", path.display()));
                break;
            }
            let stamp = directory_stamp(&meta);
            let known = before.get(&path).filter(|known| known.depth == depth);
            let found = match known {
                Some(known) if is_partial || stamp.is_some() && known.stamp == stamp => known.clone(),
                _ => match list(&path, depth, &mut entries) {
                    Ok(found) => {
                        self.listed += 1;
                        TreeDirectory { stamp, ..found }
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => {
                        self.problems.push(format!("cannot read the directory {}: {error}", path.display()));
                        // Its stamp says nothing of its permissions.
                        TreeDirectory { depth, ..TreeDirectory::default() }
                    }
                },
            };
            waiting.extend(found.below.iter().map(|below| (below.clone(), depth + 1)));
            self.directories.insert(path, found);
        }
        self.looked = Some(Instant::now());
    }
}

fn list(path: &Path, depth: usize, entries: &mut usize) -> io::Result<TreeDirectory> {
    let mut found = TreeDirectory { depth, ..TreeDirectory::default() };
    for entry in fs::read_dir(path)?.flatten() {
        *entries += 1;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A link to a directory is not followed: its target has a path of its own, or is elsewhere.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && is_searched(&name) && depth < MAX_DEPTH => found.below.push(entry.path()),
            Ok(kind) if !kind.is_dir() && is_log(&name) => found.has_logs = true,
            Ok(_) | Err(_) => {}
        }
    }
    Ok(found)
}

fn stamp_of(path: &Path) -> DirectoryStamp {
    directory_stamp(&fs::symlink_metadata(path).ok()?)
}
