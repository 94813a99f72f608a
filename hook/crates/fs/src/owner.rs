//! Whose directory a new file would come into.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A directory that belongs to another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignDirectory {
    /// The directory.
    pub path: PathBuf,
    /// Who owns it.
    pub owner: u32,
}

/// The nearest existing directory above `path`, if it belongs neither to this account nor to root.
///
/// With `sudo -E`, root has the user's HOME. What root then creates there is root's, and the user's own programs cannot use it.
#[must_use]
pub fn foreign_parent(path: &Path) -> Option<ForeignDirectory> {
    let ours = nix::unistd::geteuid().as_raw();
    let (dir, meta) = path.ancestors().skip(1).find_map(|dir| Some((dir, dir.metadata().ok()?)))?;
    let owner = meta.uid();
    (owner != ours && owner != 0).then(|| ForeignDirectory { path: dir.to_owned(), owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_directory_that_exists_counts() {
        if !nix::unistd::geteuid().is_root() {
            return; // Only root can make the case.
        }
        let dir = tempfile::tempdir().unwrap();
        let (theirs, ours) = (dir.path().join("theirs"), dir.path().join("theirs/ours"));
        std::fs::create_dir_all(&ours).unwrap();
        std::os::unix::fs::chown(&theirs, Some(12345), None).unwrap();
        let foreign = Some(ForeignDirectory { path: theirs, owner: 12345 });
        for (path, expected) in [
            ("new", &None),
            ("theirs", &None),
            ("theirs/new", &foreign),
            ("theirs/new/below", &foreign),
            ("theirs/ours", &foreign),
            ("theirs/ours/new", &None),
        ] {
            assert_eq!(&foreign_parent(&dir.path().join(path)), expected, "{path}");
        }
        assert_eq!(foreign_parent(Path::new("/")), None);
    }
}
