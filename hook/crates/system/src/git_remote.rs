//! Finds the identity of a project: the URL of its git remote, which is the same on every machine that has a clone.
//! baton never runs git, because a repository can make git run programs.

mod pattern;
mod remotes;
#[cfg(test)]
mod tests;
mod url;

use std::path::{Path, PathBuf};

use baton_fs::read::{open_regular, read_capped};

use crate::worktree::{git_directory, read_git_file};

pub use pattern::{is_pattern, matches};

/// The maximum size of git's `config`. A repository with a few thousand branches has some hundred kilobytes.
const MAX_CONFIG_BYTES: usize = 1024 * 1024;

/// The remote that counts if there are several.
const DEFAULT_REMOTE: &str = "origin";

/// Returns the identity of the project in a worktree root, such as `github.com/acme/app`: the host and the path of its
/// git remote, without scheme, credentials, port and `.git`. Every character of it is visible, and it has at most 256
/// bytes. A clone over HTTPS and one over SSH have the same identity.
///
/// The remote is `origin`, or else the only one. Returns `None` if there is none, if it is a path on this machine, or if
/// git's `config` or the URL cannot be read or parsed.
///
/// The URL counts as the repository's own `config` has it. `insteadOf` and included files are not applied: they belong
/// to one machine, as do host aliases in `~/.ssh/config`, and the identity has to be the same on all machines. Nothing
/// proves that the URL is true: whoever wrote the `.git` directory chose it.
#[must_use]
pub fn project_identity(root: &Path) -> Option<String> {
    let config = shared_directory(git_directory(root)?)?.join("config");
    // Only the URL has to be UTF-8. A description of a branch may be anything.
    let bytes = read_capped(open_regular(&config).ok()?, MAX_CONFIG_BYTES).ok()?;
    let remotes = remotes::parse(&String::from_utf8_lossy(&bytes))?;
    let chosen = match remotes.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|remote| remote.name == DEFAULT_REMOTE),
    };
    url::normalize(&chosen?.url)
}

/// Returns the directory that all worktrees of a repository share, where its `config` is.
fn shared_directory(git: PathBuf) -> Option<PathBuf> {
    let file = git.join("commondir");
    if std::fs::symlink_metadata(&file).is_err() {
        return Some(git);
    }
    let path = read_git_file(&file)?;
    let path = path.trim_end_matches(['\n', '\r']);
    (!path.is_empty() && !path.contains(['\0', '\n'])).then(|| git.join(path))
}
