//! The receipt: what install put where. `$XDG_DATA_HOME/baton/receipt.json`, else `~/.local/share/baton/receipt.json`, beside the copy of
//! the program: it outlives the state, which may be thrown away, and is no configuration, which is the user's.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config_file::{make_dirs, write_atomically};
use super::error::InstallError;

/// The version of the receipt that is read and written here.
const VERSION: u32 = 1;

/// How long another install is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// All that install put anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    version: u32,
    /// The copy of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<InstalledProgram>,
    /// By path, as named.
    pub files: BTreeMap<PathBuf, InstalledFile>,
    /// Directories that were made, in the order in which they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dirs: Vec<PathBuf>,
}

/// A copy of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledProgram {
    /// Where.
    pub path: PathBuf,
    /// Its content.
    pub sha256: String,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledFile {
    /// The agent whose file it is.
    pub agent: Agent,
    /// Whether there was no file before.
    pub created: bool,
    /// The copy of the file as it was before the first change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
    /// The SHA-256 of the file as it was before the first change, or of nothing if it did not exist. `None` if somebody edited
    /// the file between two installs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// The SHA-256 of each content that install gave the file since the original, the newest last. While the file has one of
    /// them, nobody else has edited it, and the original takes its place again.
    pub contents: Vec<String>,
    /// What was put in, the oldest first: for a file that somebody edited since.
    pub added: Vec<Added>,
}

/// One thing that was put into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Added {
    /// A handler of an event.
    Hook {
        /// The event.
        event: String,
        /// The handler.
        handler: Value,
        /// Whether the event's list was made for it.
        created_event: bool,
        /// Whether the object of all hooks was.
        created_hooks: bool,
    },
    /// A variable in Claude Code's settings.
    Variable {
        /// Its name.
        name: String,
        /// What it was set to.
        value: String,
        /// Whether the object of all variables was made for it.
        created_env: bool,
    },
    /// A hook that Codex trusts.
    Trust {
        /// Its place.
        key: String,
        /// Its hash.
        hash: String,
    },
    /// A directory that Codex' sandbox lets its tools write to.
    WritableRoot {
        /// The directory.
        path: String,
        /// Whether the list was made for it.
        created_list: bool,
        /// Whether the list's table was.
        created_table: bool,
    },
}

impl Default for Receipt {
    fn default() -> Self {
        Self { version: VERSION, program: None, files: BTreeMap::new(), dirs: Vec::new() }
    }
}

impl Receipt {
    /// Reads it. A missing one is empty.
    ///
    /// # Errors
    /// Where it cannot be read, or is of a newer version.
    pub fn load(path: &Path) -> Result<Self, InstallError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(InstallError::io("read", path)(error)),
        };
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let wrong = |source| InstallError::Receipt { path: path.to_owned(), source };
        let Version { version } = serde_json::from_slice(&bytes).map_err(wrong)?;
        if version > VERSION {
            return Err(InstallError::NewerReceipt { path: path.to_owned(), found: version, ours: VERSION });
        }
        serde_json::from_slice(&bytes).map_err(wrong)
    }

    /// Writes it, durably.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn save(&self, path: &Path) -> Result<(), InstallError> {
        let bytes = serde_json::to_vec_pretty(self)
            .map_err(|source| InstallError::Receipt { path: path.to_owned(), source })?;
        write_atomically(path, &bytes, 0o600)
    }
}

/// The lock that keeps two installs apart, held until it is dropped.
#[derive(Debug)]
pub struct InstallLock {
    file: File,
    path: PathBuf,
    /// The directories that were made for it, the outermost first.
    pub created_dirs: Vec<PathBuf>,
}

impl InstallLock {
    /// Takes it, waiting for another install to end.
    ///
    /// # Errors
    /// Where another holds it for long, or the system refuses.
    pub fn acquire(path: &Path) -> Result<Self, InstallError> {
        let deadline = Instant::now() + LOCK_TIMEOUT;
        let mut created_dirs = Vec::new();
        loop {
            if let Some(dir) = path.parent() {
                created_dirs.extend(make_dirs(dir)?);
            }
            let mut options = OpenOptions::new();
            let file = match options.write(true).create(true).truncate(false).mode(0o600).open(path) {
                // An uninstall took the directory away in between.
                Err(error) if error.kind() == ErrorKind::NotFound && Instant::now() < deadline => continue,
                file => file.map_err(InstallError::io("open", path))?,
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => return Ok(Self { file, path: path.to_owned(), created_dirs }),
                // Removed between open and lock: a lock on a file that has gone excludes nobody.
                Ok(()) => {}
                Err(std::fs::TryLockError::Error(error)) => return Err(InstallError::io("lock", path)(error)),
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(InstallError::Busy { path: path.to_owned() });
                }
                Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Removes the lock file, and these directories where nothing is in them; then gives the lock back.
    pub fn remove(self, dirs: &[PathBuf]) {
        // Where it stays, it is an empty file.
        let _ = std::fs::remove_file(&self.path);
        for dir in dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
        drop(self.file);
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let (held, there) = (file.metadata().map(identity), std::fs::symlink_metadata(path).map(identity));
    held.ok().zip(there.ok()).is_some_and(|(held, there)| held == there)
}
