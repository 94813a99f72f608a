//! The receipt lists what install added, and where. It is `$XDG_DATA_HOME/baton/receipt.json`, by default
//! `~/.local/share/baton/receipt.json`, beside the copy of the program. It is not part of the state, which you may
//! delete, nor of the configuration, which is yours.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use baton_fs::lock::{is_at, try_lock};

use super::config_file::{check_owner_above, make_dirs, write_atomically};
use super::error::InstallError;

/// The version of the receipt that this baton reads and writes.
const VERSION: u32 = 1;

/// How long to wait for another install.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that install added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    version: u32,
    /// The copy of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<InstalledProgram>,
    /// The copy of the fleet's program beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet_program: Option<InstalledProgram>,
    /// The changed files, by the path as it was given.
    pub files: BTreeMap<PathBuf, InstalledFile>,
    /// The directories that were created, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dirs: Vec<PathBuf>,
}

/// A copy of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledProgram {
    /// Its path.
    pub path: PathBuf,
    /// The SHA-256 of its content.
    pub sha256: String,
}

/// A file that install changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledFile {
    /// The agent whose file it is.
    pub agent: Agent,
    /// Whether install created the file.
    pub created: bool,
    /// The backup of the file from before the first change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
    /// The SHA-256 of the file before the first change, or of the empty text if it did not exist. `None` if somebody
    /// edited the file between two installs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// The SHA-256 of each content that install gave the file since the original, newest last. If the file has one of
    /// them, nobody else has edited it, so uninstall restores the original.
    pub contents: Vec<String>,
    /// What was added, oldest first. Uninstall uses this if somebody edited the file.
    pub added: Vec<Added>,
}

/// One entry that was added to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Added {
    /// A handler of an event.
    Hook {
        /// The event.
        event: String,
        /// The handler.
        handler: Value,
        /// Whether the event's list was created for it.
        created_event: bool,
        /// Whether the object of all hooks was created for it.
        created_hooks: bool,
    },
    /// A variable in Claude Code's settings.
    Variable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// Whether the object of all variables was created for it.
        created_env: bool,
    },
    /// A hook that Codex trusts.
    Trust {
        /// Its key.
        key: String,
        /// Its hash.
        hash: String,
    },
    /// A directory that Codex' sandbox lets its tools write to.
    WritableRoot {
        /// The directory.
        path: String,
        /// Whether the list was created for it.
        created_list: bool,
        /// Whether the list's table was created for it.
        created_table: bool,
    },
}

impl Default for Receipt {
    fn default() -> Self {
        Self { version: VERSION, program: None, fleet_program: None, files: BTreeMap::new(), dirs: Vec::new() }
    }
}

impl Receipt {
    /// Reads the receipt. A missing file gives an empty receipt.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or if a newer version wrote it.
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

    /// Writes the receipt durably.
    ///
    /// # Errors
    /// Returns an error if the system refuses.
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
    /// The directories that were created for the lock, outermost first.
    pub created_dirs: Vec<PathBuf>,
}

impl InstallLock {
    /// Takes the lock, and waits until another install has ended.
    ///
    /// # Errors
    /// Returns an error if another process holds it for too long, or if the system refuses.
    pub fn acquire(path: &Path) -> Result<Self, InstallError> {
        let deadline = Instant::now() + LOCK_TIMEOUT;
        let mut created_dirs = Vec::new();
        loop {
            check_owner_above(path)?;
            if let Some(dir) = path.parent() {
                created_dirs.extend(make_dirs(dir)?);
            }
            let mut options = OpenOptions::new();
            let file = match options.write(true).create(true).truncate(false).mode(0o600).open(path) {
                // An uninstall removed the directory in between.
                Err(error) if error.kind() == ErrorKind::NotFound && Instant::now() < deadline => continue,
                file => file.map_err(InstallError::io("open", path))?,
            };
            match try_lock(&file) {
                Ok(true) if is_at(&file, path).is_ok_and(|is_at| is_at) => {
                    return Ok(Self { file, path: path.to_owned(), created_dirs });
                }
                // The file was removed between open and lock, and a lock on a removed file excludes nobody.
                Ok(true) => {}
                Err(error) => return Err(InstallError::io("lock", path)(error)),
                Ok(false) if Instant::now() >= deadline => {
                    return Err(InstallError::Busy { path: path.to_owned() });
                }
                Ok(false) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Removes the lock file and these directories if they are empty, then releases the lock.
    pub fn remove(self, dirs: &[PathBuf]) {
        // If it cannot be removed, an empty file stays behind.
        let _ = std::fs::remove_file(&self.path);
        for dir in dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
        drop(self.file);
    }
}
