//! Where the configuration is.

use std::path::{Path, PathBuf};

use super::ConfigError;
use baton_store::{StateDirEnv, StateDirError, check_outside_worktree};

/// The file below a home.
const DEFAULT: &str = ".config/baton/config.toml";

/// Where `config.toml` is: below `XDG_CONFIG_HOME`, else below `HOME`, else below the account's home. The variables are a user's, and
/// may be set by what stands in the directory that they are in: so a path in a worktree or in the event's directory counts for nothing,
/// but for the account's own.
///
/// # Errors
/// Where the path cannot be looked at, or is inside a worktree or the event's directory.
pub fn find_path(env: &StateDirEnv, event_dir: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    let account = env.account_home.find().map(|home| home.join(DEFAULT));
    let absolute = |value: &Option<std::ffi::OsString>| {
        let path = value.as_ref().map(PathBuf::from);
        path.filter(|path| path.is_absolute() && !path.components().any(|part| part.as_os_str() == ".."))
    };
    let named = absolute(&env.xdg_config_home)
        .map(|config| config.join("baton/config.toml"))
        .or_else(|| absolute(&env.home).map(|home| home.join(DEFAULT)));
    match named {
        // The directory is what is looked at: a file has nothing below it.
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
