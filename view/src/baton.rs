//! The `baton` program whose commands the view runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use baton_fs::child::run_with_timeout;

/// How long the program may take to say its version.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum length of what it says, in bytes.
const MAX_BYTES: usize = 4096;

/// The version of this program, and the only one with which it works: both read and write the same records.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A `baton` program that is not known to be of another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baton(PathBuf);

/// Why there is no `baton` to run.
#[derive(Debug, thiserror::Error)]
pub enum BatonError {
    /// It is of another version.
    #[error(
        "baton-view is of version {VERSION}, but {} is of version {version}; install both from one release, or in baton's source with \
         `cargo install --path hook` and `cargo install --path view`",
        path.display()
    )]
    OtherVersion {
        /// The program.
        path: PathBuf,
        /// Its version.
        version: String,
    },
}

impl Baton {
    /// Takes this program, or else the one that is beside this one, or else the one on the path. A program that says no
    /// version is taken too: if it cannot be run, each command says so, and the view still shows the state.
    ///
    /// # Errors
    /// Returns an error if it is of another version.
    pub fn find(given: Option<PathBuf>) -> Result<Self, BatonError> {
        let beside =
            || std::env::current_exe().ok().map(|own| own.with_file_name("baton")).filter(|path| path.is_file());
        let path = given.or_else(beside).unwrap_or_else(|| "baton".into());
        match version(&path) {
            Some(version) if version != VERSION => Err(BatonError::OtherVersion { path, version }),
            _ => Ok(Self(path)),
        }
    }

    /// Returns its path, or its name if it is to be looked up on the path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Asks a program for its version. Returns `None` if it does not say one.
fn version(path: &Path) -> Option<String> {
    let output = run_with_timeout(Command::new(path).arg("--version"), TIMEOUT, MAX_BYTES).ok()??;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.trim().strip_prefix("baton ")?;
    output.status.success().then(|| baton_display::strip_control_chars(version))
}
