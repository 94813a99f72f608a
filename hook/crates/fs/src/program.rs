//! Looks programs up, as a shell does.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Returns the first program of this name in the directories of `PATH`. Relative ones are skipped: they are another directory
/// wherever one is, such as one that a repository fills.
#[must_use]
pub fn find_on_path(directories: &OsStr, name: &OsStr) -> Option<PathBuf> {
    let absolute = std::env::split_paths(directories).filter(|directory| directory.is_absolute());
    absolute.map(|directory| directory.join(name)).find(|path| {
        path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::find_on_path;

    #[test]
    fn a_program_is_looked_up_in_absolute_directories_alone() {
        let scratch = tempfile::tempdir().unwrap();
        for (directory, mode) in [("plain", 0o644), ("one", 0o755), ("two", 0o755)] {
            let directory = scratch.path().join(directory);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("baton"), "").unwrap();
            fs::set_permissions(directory.join("baton"), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir_all(scratch.path().join("directory/baton")).unwrap();
        let root = scratch.path().display().to_string();
        let up = "../".repeat(std::env::current_dir().unwrap().components().count() - 1);
        let relative = format!("{up}{}/one", root.trim_start_matches('/'));
        assert!(Path::new(&relative).join("baton").is_file(), "{relative}");
        for (path, expected) in [
            (format!("{root}/one:{root}/two"), Some("one")),
            (format!("{root}/plain:{root}/directory:{root}/two"), Some("two")),
            (format!(":.:{relative}:{root}/two"), Some("two")),
            (relative, None),
            (String::new(), None),
        ] {
            let found = find_on_path(path.as_ref(), "baton".as_ref());
            assert_eq!(found, expected.map(|it| scratch.path().join(it).join("baton")), "{path}");
        }
    }
}
