//! Reads `config.toml`, which holds your settings. A repository cannot change any of them.

mod database_url;
mod fleet;
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

pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use fleet::{Fleet, Takeover};
pub use location::find_path;
pub use origin::{Origin, Setting, list_settings};
pub use settings::{Settings, with_user_config};
pub use time_span::{TimeSpan, TimeSpanError};

/// The longest configuration file that baton reads, in bytes.
const MAX_FILE_BYTES: usize = 256 * 1024;

/// Every value that you can set. A value that the file leaves out has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a run's owner may be gone before the run counts as abandoned.
    pub stale_after: TimeSpan,
    /// Which messages of a conversation baton records.
    pub messages: Messages,
    /// How long baton keeps sessions that have ended.
    pub retention: Retention,
    /// The files that baton restores when the last session of a project ends.
    pub protect: Vec<ProtectedPaths>,
    /// The live view.
    pub view: View,
    /// The database that this machine shares with others.
    #[serde(deserialize_with = "fleet::with_one_source")]
    pub fleet: Fleet,
}

/// The live view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct View {
    /// The directories below which it looks for the progress logs of other programs, as absolute paths.
    #[serde(deserialize_with = "all_absolute")]
    pub watch: Vec<PathBuf>,
    /// Whether an agent that waits may be answered from outside of its pane.
    pub answer: bool,
}

/// Which messages of a conversation baton records. Both agents also keep transcripts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Messages {
    /// No message.
    #[default]
    Off,
    /// Every prompt, and the last answer of every turn.
    All,
}

/// How long baton keeps sessions that have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// How many sessions, the newest first.
    pub sessions: usize,
    /// How long after their end.
    pub age: TimeSpan,
    /// How many headless sessions (`claude -p`, `codex exec`).
    pub headless: usize,
    /// How long a session stays in the trash.
    pub trash: TimeSpan,
}

/// Files and directories of one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectedPaths {
    /// The root of the worktree, as an absolute path.
    #[serde(deserialize_with = "absolute")]
    pub project: PathBuf,
    /// Paths relative to the root, all inside it.
    pub paths: Vec<RelativePath>,
}

/// A path inside a project: relative, without `..`, and not empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "PathBuf", into = "PathBuf")]
pub struct RelativePath(PathBuf);

/// Why the file cannot be used. The hook continues with the defaults.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}, so every value has its default")]
    Read { path: PathBuf, source: io::Error },
    /// The file is inside a project, where other people may have written it.
    #[error("the configuration {path} is not read: it is inside {dir}, whose files may be another's")]
    InsideWorktree { path: PathBuf, dir: PathBuf },
    /// The file does not parse, or a value is invalid.
    #[error("{path}, line {line}: {why}")]
    Invalid { path: PathBuf, line: usize, why: String },
}

impl Config {
    /// Returns the thresholds that the core's rules use.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        Limits { stale_after_ms: self.stale_after.ms(), take_lapsed: matches!(self.fleet.takeover, Takeover::Lapsed) }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stale_after: TimeSpan::days(7),
            messages: Messages::default(),
            retention: Retention::default(),
            protect: Vec::new(),
            view: View::default(),
            fleet: Fleet::default(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { sessions: 200, age: TimeSpan::days(90), headless: 50, trash: TimeSpan::days(8) }
    }
}

impl Config {
    /// Returns the protected paths of a project, or an empty list if the configuration does not name it. Symbolic
    /// links in a project's path are resolved first.
    #[must_use]
    pub fn protected(&self, project: &Path) -> Vec<RelativePath> {
        let names = |named: &Path| named == project || named.canonicalize().is_ok_and(|path| path == project);
        let mut paths: Vec<RelativePath> =
            self.protect.iter().filter(|entry| names(&entry.project)).flat_map(|entry| entry.paths.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Reads the configuration. A missing file gives the defaults.
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
            // The name of a Rust type means nothing to a user.
            let said = error.message().replace("expected usize", "expected a whole number");
            let is_fleet = key.as_deref().is_some_and(|key| key.split('.').next() == Some("fleet"));
            let said = if is_fleet { without_quoted_value(&said) } else { said };
            let why = key.map_or_else(|| said.clone(), |key| format!("{key}: {said}"));
            ConfigError::Invalid { path: path.to_owned(), line, why }
        })
    }
}

/// Returns an error message without the value that it quotes: where a URL was written, it can contain a password.
fn without_quoted_value(said: &str) -> String {
    let around = said.split_once(" \"").and_then(|(before, rest)| Some((before, rest.rsplit_once("\", expected ")?.1)));
    around.map_or_else(|| said.to_owned(), |(before, expected)| format!("{before}, expected {expected}"))
}

/// Returns the text of the file, or `None` if there is no file. The file may be a symbolic link, as with a dotfiles
/// repository.
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

fn all_absolute<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    let paths = Vec::<PathBuf>::deserialize(from)?;
    if paths.iter().all(|path| path.is_absolute()) {
        Ok(paths)
    } else {
        Err(serde::de::Error::custom("a directory is named by its absolute path"))
    }
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
    /// Returns the path, relative to the project.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path of the entry `name` below this one, or `None` if `name` is not a valid name.
    #[must_use]
    pub fn join(&self, name: &str) -> Option<Self> {
        let below = self.0.join(name);
        let deeper = below.components().count() == self.0.components().count() + 1;
        Self::try_from(below).ok().filter(|_| deeper)
    }

    /// Returns the directories above this path, outermost first.
    pub fn above(&self) -> impl Iterator<Item = Self> {
        let mut above: Vec<Self> =
            self.0.ancestors().skip(1).filter_map(|path| Self::try_from(path.to_owned()).ok()).collect();
        above.reverse();
        above.into_iter()
    }

    /// Returns whether this path is `other` or below it.
    #[must_use]
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}
