//! Settings that keep an agent from running a user's hooks: those of whoever manages the machine, and switches of its features.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use baton_fs::read::read_capped;

/// The most that is read of one of these files, in bytes.
const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// Which hooks still run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// None.
    NoHooks,
    /// Only those in managed settings, and those of plugins that managed settings turn on.
    ManagedHooksOnly,
    /// Only those of plugins and those in managed settings.
    NoHooksInSettings,
}

/// A setting that turns hooks off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The file.
    pub path: PathBuf,
    /// The setting.
    pub setting: &'static str,
    /// What it does.
    pub effect: Effect,
    /// Whether it is the administrator's, so that the user cannot change it.
    pub managed: bool,
}

/// All that these files say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// The settings that turn hooks off.
    pub found: Vec<Policy>,
    /// The managed file that makes the agent call baton.
    pub calls_baton: Option<PathBuf>,
    /// The files that cannot be read, each with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Where the policies of an agent are.
#[derive(Debug, Clone, Copy)]
pub struct PolicyPlaces<'a> {
    /// `/etc`.
    pub etc: &'a Path,
    /// The agent's directory.
    pub home: &'a Path,
    /// The root of the project.
    pub project: Option<&'a Path>,
}

impl Policies {
    /// Returns the text of a file, or `None` if there is no such file or it cannot be read.
    pub(crate) fn text(&mut self, path: &Path) -> Option<String> {
        let bytes = match File::open(path).and_then(|file| read_capped(file, MAX_POLICY_BYTES)) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return None,
            Err(error) => {
                self.unreadable.push((path.to_owned(), error.to_string()));
                return None;
            }
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Notes a setting that turns hooks off.
    pub(crate) fn add(&mut self, path: &Path, setting: &'static str, effect: Effect, managed: bool) {
        self.found.push(Policy { path: path.to_owned(), setting, effect, managed });
    }
}
