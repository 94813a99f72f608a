//! Your settings in `config.toml`. A repository cannot change any of them.

mod keys;
mod location;
mod origin;
mod settings;
#[cfg(test)]
mod tests;
mod time_span;

use std::io;
use std::path::{Component, Path, PathBuf};

use agent_baton_core::request::Limits;
use serde::{Deserialize, Serialize};

use baton_fs::read::read_own;

pub use location::find_path;
pub use origin::{Origin, Setting, list_settings};
pub use settings::Settings;
pub use time_span::{TimeSpan, TimeSpanError};

/// The longest file that is read, in bytes.
const MAX_FILE_BYTES: usize = 256 * 1024;

/// Every value that a user can set. What the file leaves out has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a run's owner may have been gone before the run counts as abandoned.
    pub stale_after: TimeSpan,
    /// What of a conversation is kept.
    pub messages: Messages,
    /// How long sessions that are over are kept.
    pub retention: Retention,
    /// The files that the last session of a project restores.
    pub protect: Vec<ProtectedPaths>,
}

/// What of a conversation baton keeps. Both agents keep transcripts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Messages {
    /// Nothing.
    #[default]
    Off,
    /// Every prompt, and the last answer of every turn.
    All,
}

/// How long sessions that are over are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// How many, the newest first.
    pub sessions: usize,
    /// For how long after they were over.
    pub age: TimeSpan,
    /// How many headless ones (`claude -p`, `codex exec`).
    pub headless: usize,
    /// How long what was put away stays in the trash.
    pub trash: TimeSpan,
}

/// Files and directories of one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectedPaths {
    /// The worktree's root: absolute.
    #[serde(deserialize_with = "absolute")]
    pub project: PathBuf,
    /// Relative to it, and inside it.
    pub paths: Vec<RelativePath>,
}

/// A path inside a project: relative, without `..`, not empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "PathBuf", into = "PathBuf")]
pub struct RelativePath(PathBuf);

/// Why the file cannot be used. The hook goes on with the defaults.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration {path}: {source}. Every value has its default until it can be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is among a project's files, which are other people's.
    #[error("the configuration {path} is not read: it is inside {dir}, whose files may be another's")]
    InsideWorktree {
        /// The file.
        path: PathBuf,
        /// The worktree, or the directory of the event.
        dir: PathBuf,
    },
    /// It is not what it should be.
    #[error("{path}, line {line}: {why}. Every value has its default until this is fixed")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the key.
        why: String,
    },
}

impl Config {
    /// The thresholds that the core decides by.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        Limits { stale_after_ms: self.stale_after.ms() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stale_after: TimeSpan::days(7),
            messages: Messages::default(),
            retention: Retention::default(),
            protect: Vec::new(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { sessions: 200, age: TimeSpan::days(90), headless: 50, trash: TimeSpan::days(8) }
    }
}

impl Config {
    /// The protected paths of a project; none where nothing names it. A path that leads through symbolic links names what it leads
    /// to.
    #[must_use]
    pub fn protected(&self, project: &Path) -> Vec<RelativePath> {
        let names = |named: &Path| named == project || named.canonicalize().is_ok_and(|path| path == project);
        let mut paths: Vec<RelativePath> =
            self.protect.iter().filter(|entry| names(&entry.project)).flat_map(|entry| entry.paths.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Reads the file; the defaults where there is none.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        read_text(path)?.map_or_else(|| Ok(Self::default()), |text| Self::parse(path, &text))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml_edit::de::from_str(text).map_err(|error| {
            let line = keys::line_of(text, error.span());
            let key = error.span().and_then(|span| keys::key_at(text, &span)).or_else(|| keys::key_on(text, line));
            // The name of a type says nothing to a user.
            let said = error.message().replace("expected usize", "expected a whole number");
            let why = key.map_or_else(|| said.clone(), |key| format!("{key}: {said}"));
            ConfigError::Invalid { path: path.to_owned(), line, why }
        })
    }
}

/// The text of the file, which may be a link to where a user keeps such files; none where there is no file.
fn read_text(path: &Path) -> Result<Option<String>, ConfigError> {
    let wrong = |source| ConfigError::Read { path: path.to_owned(), source };
    if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    match path.canonicalize().and_then(|path| read_own(&path, MAX_FILE_BYTES)) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
            text.map(Some).map_err(wrong)
        }
        Err(source) => Err(wrong(source)),
    }
}

fn absolute<'de, D: serde::Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(from)?;
    if path.is_absolute() { Ok(path) } else { Err(serde::de::Error::custom("a project is named by its absolute path")) }
}

impl TryFrom<PathBuf> for RelativePath {
    type Error = &'static str;
    fn try_from(path: PathBuf) -> Result<Self, Self::Error> {
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if inside && path.components().next().is_some() {
            Ok(Self(path.components().collect()))
        } else {
            Err("a protected path is relative to its project, and inside it")
        }
    }
}

impl From<RelativePath> for PathBuf {
    fn from(inside: RelativePath) -> Self {
        inside.0
    }
}

impl RelativePath {
    /// The path, relative to the project.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What has this name in it; none where that is no name.
    #[must_use]
    pub fn join(&self, name: &str) -> Option<Self> {
        let below = self.0.join(name);
        let deeper = below.components().count() == self.0.components().count() + 1;
        Self::try_from(below).ok().filter(|_| deeper)
    }

    /// The directories above it, the outermost first.
    pub fn above(&self) -> impl Iterator<Item = Self> {
        let mut above: Vec<Self> =
            self.0.ancestors().skip(1).filter_map(|path| Self::try_from(path.to_owned()).ok()).collect();
        above.reverse();
        above.into_iter()
    }

    /// Whether it is `other`, or is below it.
    #[must_use]
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}
