//! The program that the agents call, at a stable path.

use std::path::{Path, PathBuf};

use super::config_file::{make_dirs, sha256, write_atomically};
use super::error::InstallError;
use super::receipt::InstalledProgram;

/// The program that the hooks call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its path.
    pub path: PathBuf,
    /// The copy to make first.
    pub copy: Option<ProgramCopy>,
    /// The copy of the fleet's program to make beside it. `baton` looks for that program nowhere else.
    pub fleet_copy: Option<ProgramCopy>,
}

/// The name of the program that talks to a fleet's database.
const FLEET_PROGRAM: &str = "baton-fleet";

/// A planned copy of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramCopy {
    /// The program that is running.
    pub from: PathBuf,
    /// Its content.
    bytes: Vec<u8>,
    /// Whether it replaces another version.
    pub replaces: bool,
}

/// Directory names below which a program does not stay for long: build directories, and package managers' directories
/// for one version.
const TRANSIENT_DIRS: [&str; 12] = [
    "target",
    "registry",
    "versions",
    "installs",
    "Cellar",
    "store",
    "node_modules",
    "toolchains",
    "tmp",
    "releases",
    "uv",
    "shm",
];

impl Program {
    /// Returns the path of the running program, or that of a copy if it is in a directory of a build or of one
    /// version.
    ///
    /// # Errors
    /// Returns an error if the program cannot be read.
    pub fn find(copy_at: &Path) -> Result<Self, InstallError> {
        let from = std::env::current_exe().map_err(InstallError::io("find", Path::new("baton")))?;
        if from == copy_at || is_permanent(&from) {
            return Ok(Self { path: from, copy: None, fleet_copy: None });
        }
        let fleet = from.with_file_name(FLEET_PROGRAM);
        let program = Self { path: copy_at.to_owned(), copy: ProgramCopy::plan(from, copy_at)?, fleet_copy: None };
        let fleet_copy = if fleet.is_file() { ProgramCopy::plan(fleet, &program.fleet_path())? } else { None };
        Ok(Self { fleet_copy, ..program })
    }

    /// Returns the path of the fleet's program.
    #[must_use]
    pub fn fleet_path(&self) -> PathBuf {
        self.path.with_file_name(FLEET_PROGRAM)
    }

    /// Returns the copies to make, each with its path.
    pub fn copies(&self) -> impl Iterator<Item = (PathBuf, &ProgramCopy)> {
        let program = self.copy.as_ref().map(|copy| (self.path.clone(), copy));
        program.into_iter().chain(self.fleet_copy.as_ref().map(|copy| (self.fleet_path(), copy)))
    }
}

fn is_permanent(path: &Path) -> bool {
    !path.components().any(|part| TRANSIENT_DIRS.iter().any(|transient| part.as_os_str() == *transient))
}

impl ProgramCopy {
    /// Returns the copy of a program to make at this path, or `None` if it is there.
    fn plan(from: PathBuf, at: &Path) -> Result<Option<Self>, InstallError> {
        let bytes = std::fs::read(&from).map_err(InstallError::io("read", &from))?;
        let there = std::fs::read(at).ok();
        let same = there.as_ref() == Some(&bytes);
        Ok((!same).then_some(Self { from, bytes, replaces: there.is_some() }))
    }

    /// Returns its size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Returns its entry in the receipt.
    #[must_use]
    pub fn to_receipt(&self, path: &Path) -> InstalledProgram {
        InstalledProgram { path: path.to_owned(), sha256: sha256(&self.bytes) }
    }

    /// Writes the copy. A hook that is running keeps the old program.
    ///
    /// # Errors
    /// Returns an error if the system refuses.
    pub fn write(&self, path: &Path) -> Result<(), InstallError> {
        if let Some(dir) = path.parent() {
            make_dirs(dir)?;
        }
        write_atomically(path, &self.bytes, 0o755)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays() {
        for (path, expected) in [
            ("/usr/bin/baton", true),
            ("/usr/local/bin/baton", true),
            ("/home/u/.cargo/bin/baton", true),
            ("/home/u/.local/bin/baton", true),
            ("/home/u/src/baton/target/release/baton", false),
            ("/home/u/.cargo/registry/src/x/baton", false),
            ("/nix/store/abc-baton-1/bin/baton", false),
            ("/home/u/.asdf/installs/baton/1.0/bin/baton", false),
            ("/opt/homebrew/Cellar/baton/1.0/bin/baton", false),
            ("/usr/lib/node_modules/baton/bin/baton", false),
            ("/tmp/x/baton", false),
        ] {
            assert_eq!(is_permanent(Path::new(path)), expected, "{path}");
        }
    }
}
