//! Looks up the programs that baton starts by their names alone.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// Where programs are looked up if there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// Returns a command that runs the first program of this name in the absolute directories of `PATH`. `Command::new` would also run
/// one of a relative directory, such as one that the current project fills.
///
/// # Errors
/// Returns an error of the kind [`io::ErrorKind::NotFound`] if no such directory has it.
pub fn command(name: &str) -> io::Result<Command> {
    command_in(std::env::var_os("PATH").as_deref(), name)
}

/// Like [`command`], for this value of `PATH`.
///
/// # Errors
/// Returns an error of the kind [`io::ErrorKind::NotFound`] if no such directory has it.
pub fn command_in(path: Option<&OsStr>, name: &str) -> io::Result<Command> {
    let not_found = || format!("no absolute directory of PATH has a program {name}");
    find_in(path, name.as_ref()).map(Command::new).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, not_found()))
}

/// Returns the first program of this name in the absolute directories of `PATH`.
#[must_use]
pub fn find(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    find_in(std::env::var_os("PATH").as_deref(), name.as_ref())
}

/// Relative directories are skipped: they are another directory wherever one is.
fn find_in(path: Option<&OsStr>, name: &OsStr) -> Option<PathBuf> {
    let directories = std::env::split_paths(path.unwrap_or(DEFAULT_PATH.as_ref()));
    directories.filter(|directory| directory.is_absolute()).map(|directory| directory.join(name)).find(|path| {
        path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{command, find_in};

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
            let found = find_in(Some(path.as_ref()), "baton".as_ref());
            assert_eq!(found, expected.map(|it| scratch.path().join(it).join("baton")), "{path}");
        }
    }

    #[test]
    fn the_system_has_its_programs_without_a_path() {
        assert!(find_in(None, "sh".as_ref()).is_some_and(|path| path.is_absolute()));
        assert_eq!(find_in(None, "baton-none".as_ref()), None);
    }

    #[test]
    fn a_command_has_the_whole_path_of_its_program() {
        assert!(Path::new(command("sh").unwrap().get_program()).is_absolute());
        let missing = command("baton-none").unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        assert!(missing.to_string().ends_with("a program baton-none"), "{missing}");
    }
}
