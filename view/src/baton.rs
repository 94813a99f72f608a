//! The `baton` program whose commands the view runs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use baton_fs::child::{CommandOutput, run_with_timeout};
use baton_fs::program;

/// How long a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// The maximum length of the output of a command, in bytes.
const MAX_OUTPUT_BYTES: usize = 8 * 1024 * 1024;

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
    /// No absolute directory of `PATH` has it.
    #[error("no absolute directory of PATH has a program {}; name the path of the program with --baton", .0.display())]
    NotFound(PathBuf),
    /// Its path is relative, and the current directory is not known.
    #[error("cannot tell which program {} is", path.display())]
    Relative {
        /// The path as it was given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why a command of `baton` has no output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// It could not be started.
    #[error("cannot run {}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was ended, because it took too long.
    #[error("the command took longer than {} seconds", COMMAND_TIMEOUT.as_secs())]
    TooSlow,
    /// A part of an answer would be taken for the whole.
    #[error("the answer is longer than {} MiB", MAX_OUTPUT_BYTES >> 20)]
    TooLong,
}

impl Baton {
    /// Takes this program, or else the one that is beside this one, or else the one on the path. A program that says no
    /// version is taken too: if it cannot be run, each command says so, and the view still shows the state.
    ///
    /// It is kept as an absolute path, so that each command runs the program whose version was checked.
    ///
    /// # Errors
    /// Returns an error if it is of another version, or if it cannot be told which program is meant.
    pub fn find(given: Option<PathBuf>) -> Result<Self, BatonError> {
        let beside = std::env::current_exe().unwrap_or_else(|_| "/".into()).with_file_name("baton");
        let path = match given {
            // A name alone, as a shell takes it.
            Some(path) if path.file_name() == Some(path.as_os_str()) => match program::find(&path) {
                Some(found) => found,
                None => return Err(BatonError::NotFound(path)),
            },
            Some(path) => path,
            None if beside.is_file() => beside,
            None => program::find("baton").unwrap_or(beside),
        };
        let path = std::path::absolute(&path).map_err(|source| BatonError::Relative { path, source })?;
        match version(&path) {
            Some(version) if version != VERSION => Err(BatonError::OtherVersion { path, version }),
            _ => Ok(Self(path)),
        }
    }

    /// Returns its absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Runs a command of `baton`, in this directory if it needs one, with a limited time and a limited output.
///
/// # Errors
/// Returns an error if it cannot be started, takes too long, or prints too much.
pub(crate) fn run_baton(program: &Path, args: &[String], directory: Option<&Path>) -> Result<CommandOutput, RunError> {
    let mut command = Command::new(program);
    command.args(args);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let output = run_with_timeout(&mut command, COMMAND_TIMEOUT, MAX_OUTPUT_BYTES);
    let output =
        output.map_err(|source| RunError::Start { path: program.to_owned(), source })?.ok_or(RunError::TooSlow)?;
    if output.stdout.len() >= MAX_OUTPUT_BYTES { Err(RunError::TooLong) } else { Ok(output) }
}

/// Asks a program for its version. Returns `None` if it does not say one.
fn version(path: &Path) -> Option<String> {
    let output = run_with_timeout(Command::new(path).arg("--version"), TIMEOUT, MAX_BYTES).ok()??;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.trim().strip_prefix("baton ")?;
    output.status.success().then(|| baton_display::strip_control_chars(version))
}
