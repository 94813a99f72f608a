//! Finds the configuration file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ConfigError;
use baton_fs::dirs;
use baton_store::{StateDirEnv, StateDirError, check_outside_worktree};

/// The path of the file below a home directory.
const DEFAULT: &str = ".config/baton/config.toml";

/// Returns the path of `config.toml`: below `XDG_CONFIG_HOME`, or else `HOME`, or else the account's home.
///
/// The variables belong to the user, but a project can set them for programs that run in its directory. So a path
/// inside a worktree or inside the event's directory is refused, unless it is the account's own.
///
/// # Errors
/// Returns an error if the path cannot be examined, or if it is inside a worktree or the event's directory.
pub fn find_path(env: &StateDirEnv, event_dir: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    let account = env.account_home.find().map(|home| home.join(DEFAULT));
    let plain = |value: &OsStr| !Path::new(value).components().any(|part| part.as_os_str() == "..");
    let xdg = env.xdg_config_home.as_deref().filter(|value| plain(value));
    let home = env.home.as_deref().filter(|value| plain(value));
    let named = dirs::base(xdg, home, ".config").map(|config| config.join("baton/config.toml"));
    match named {
        // Check the directory: nothing is below the file itself.
        Some(path) if account.as_ref() != Some(&path) => {
            match check_outside_worktree(path.parent().unwrap_or(&path), event_dir) {
                Ok(()) => Ok(Some(path)),
                Err(refused) => Err(foreign(path, refused)),
            }
        }
        _ => Ok(account),
    }
}

fn foreign(path: PathBuf, refused: StateDirError) -> ConfigError {
    match refused {
        StateDirError::InWorktree { worktree: dir, .. } | StateDirError::InEventDirectory { dir, .. } => {
            ConfigError::InsideWorktree { path, dir }
        }
        StateDirError::Io { path, source } => ConfigError::Read { path, source },
        other => ConfigError::Read { path, source: std::io::Error::other(other) },
    }
}
