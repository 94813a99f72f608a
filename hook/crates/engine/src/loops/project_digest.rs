//! Detects whether a project changed, by the names, sizes and times of its files. It never runs git.

use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// The maximum number of files.
const MAX_FILES: usize = 20_000;

/// The maximum time for computing the digest. The agent waits for it.
const MAX_TIME: Duration = Duration::from_millis(300);

/// Directories that tools fill on their own.
const SKIPPED_DIRS: [&str; 5] = [".git", "node_modules", "target", "__pycache__", ".venv"];

/// Files in `.git` that change with each commit.
const GIT_COMMIT_FILES: [&str; 2] = [".git/HEAD", ".git/logs/HEAD"];

/// Computes a digest of the project's files. Returns `None` if there are too many or if they cannot be read, which
/// never counts as unchanged.
#[must_use]
pub fn compute(root: &Path) -> Option<String> {
    let begun = Instant::now();
    let mut sum = 0_u128;
    let mut files = 0;
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).ok()? {
            let entry = entry.ok()?;
            let path = entry.path();
            // If a file disappears during the scan, the project is changing.
            let meta = fs::symlink_metadata(&path).ok()?;
            if !meta.is_dir() {
                sum = sum.wrapping_add(file_digest(root, &path, &meta));
            } else if !SKIPPED_DIRS.iter().any(|name| entry.file_name() == *name) {
                dirs.push(path);
            }
            files += 1;
            if files > MAX_FILES || begun.elapsed() > MAX_TIME {
                return None;
            }
        }
    }
    let of_git: Vec<PathBuf> = GIT_COMMIT_FILES.iter().map(|name| root.join(name)).collect();
    for path in of_git {
        if let Ok(meta) = fs::symlink_metadata(&path) {
            sum = sum.wrapping_add(file_digest(root, &path, &meta));
        }
    }
    Some(format!("{sum:032x}"))
}

/// Returns the digest of one file. The digests are added up, so the order of directory entries does not matter.
fn file_digest(root: &Path, path: &Path, meta: &Metadata) -> u128 {
    let name = path.strip_prefix(root).unwrap_or(path);
    let mut hash = Sha256::new();
    hash.update(name.as_os_str().as_bytes());
    for number in [u64::from(meta.mode()), meta.len(), meta.mtime().cast_unsigned(), meta.mtime_nsec().cast_unsigned()]
    {
        hash.update(number.to_le_bytes());
    }
    hash.finalize().iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_would_call_a_change_changes_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, text) in [("src/a", "1"), ("target/x", "1"), (".git/HEAD", "1"), (".git/index", "1")] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), text).unwrap();
        }
        let mut last = compute(dir.path()).unwrap();
        assert_eq!(compute(dir.path()).as_ref(), Some(&last));
        for (name, changes) in [
            ("src/b", true),
            ("src/a", true),
            ("target/x", false),
            (".git/index", false),
            (".git/HEAD", true),
            ("node_modules/y", false),
        ] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "longer than before").unwrap();
            let now = compute(dir.path()).unwrap();
            assert_eq!(now != last, changes, "{name}");
            last = now;
        }
        fs::remove_file(at("src/b")).unwrap();
        assert_ne!(compute(dir.path()).as_ref(), Some(&last));
        assert_eq!(compute(&at("nowhere")), None);
    }
}
