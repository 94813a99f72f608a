//! The settings of a fleet: machines that share one database.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use baton_system::git_remote;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::database_url::DatabaseUrl;
use super::time_span::TimeSpan;

/// How long a lease may be.
const LEASES: RangeInclusive<TimeSpan> = TimeSpan::minutes(1)..=TimeSpan::minutes(60);

/// The database that this machine shares with others. Without a URL and a command that prints one, there is no fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fleet {
    /// The URL of the database.
    pub url: Option<DatabaseUrl>,
    /// The command whose first line of output is the URL: its program, as an absolute path, and its arguments.
    #[serde(deserialize_with = "command")]
    pub url_command: Vec<String>,
    /// The file with passwords, in the format of PostgreSQL's `.pgpass`: an absolute path, or one below the account's home
    /// directory that begins with `~/`.
    #[serde(deserialize_with = "file")]
    pub password_file: Option<PathBuf>,
    /// The file with service definitions, in the format of PostgreSQL's `.pg_service.conf`: a path like that of the passwords.
    #[serde(deserialize_with = "file")]
    pub service_file: Option<PathBuf>,
    /// How long an owner may go on if the database does not answer: from one minute to one hour.
    #[serde(deserialize_with = "lease")]
    pub lease: TimeSpan,
    /// What happens to a run whose owner's lease ended, if no user asks for it.
    pub takeover: Takeover,
    /// Patterns for the identities of projects whose runs are fleet runs. See [`git_remote::matches`].
    #[serde(deserialize_with = "patterns")]
    pub projects: Vec<String>,
}

/// What happens to a run whose owner's lease ended, if no user asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Takeover {
    /// Its owner keeps it until a user resumes the session or adopts the run.
    #[default]
    Ask,
    /// The next event that may own it takes it over.
    Lapsed,
}

impl Fleet {
    /// Returns whether the user named a database.
    #[must_use]
    pub const fn is_configured(&self) -> bool {
        self.url.is_some() || !self.url_command.is_empty()
    }

    /// Returns whether the runs of a project with this identity are fleet runs.
    #[must_use]
    pub fn names_project(&self, identity: &str) -> bool {
        self.projects.iter().any(|pattern| git_remote::matches(pattern, identity))
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            url: None,
            url_command: Vec::new(),
            password_file: None,
            service_file: None,
            lease: TimeSpan::minutes(5),
            takeover: Takeover::default(),
            projects: Vec::new(),
        }
    }
}

/// Deserializes the table and refuses one that names the database in two ways.
pub(super) fn with_one_source<'de, D: Deserializer<'de>>(from: D) -> Result<Fleet, D::Error> {
    let fleet = Fleet::deserialize(from)?;
    if fleet.url.is_some() && !fleet.url_command.is_empty() {
        return Err(D::Error::custom("set url or url_command, not both"));
    }
    Ok(fleet)
}

fn command<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let command = Vec::<String>::deserialize(from)?;
    let has_password = |argument: &String| {
        let url = ["postgres://", "postgresql://"].iter().find_map(|scheme| argument.find(scheme));
        let url = url.and_then(|at| argument.get(at..)).and_then(|url| url.split([' ', '\'', '"', '\n', '\t']).next());
        // A shell can insert the password, and then it is not in the list of processes.
        let url = url.filter(|url| !url.contains(['$', '`']));
        url.is_some_and(|url| url.parse::<DatabaseUrl>().map_or(true, |url| url.has_password()))
    };
    match command.first() {
        // A repository can set PATH for the programs that run in its directory.
        Some(program) if !Path::new(program).is_absolute() => {
            Err(D::Error::custom("the program of url_command is named by its absolute path"))
        }
        _ if command.iter().any(|argument| argument.contains('\0')) => {
            Err(D::Error::custom("an argument of url_command contains a NUL character"))
        }
        _ if command.iter().any(has_password) => Err(D::Error::custom(
            "an argument of url_command contains a password, which every account of this machine could see",
        )),
        _ => Ok(command),
    }
}

fn file<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(from)?;
    let is_complete = path.is_absolute() || path.starts_with("~");
    if is_complete {
        Ok(Some(path))
    } else {
        Err(D::Error::custom("a file is named by its absolute path, or by ~/ and its path"))
    }
}

fn lease<'de, D: Deserializer<'de>>(from: D) -> Result<TimeSpan, D::Error> {
    let lease = TimeSpan::deserialize(from)?;
    if LEASES.contains(&lease) {
        Ok(lease)
    } else {
        Err(D::Error::custom("a lease has at least 1 minute (\"1m\") and at most 1 hour (\"1h\")"))
    }
}

fn patterns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<String>::deserialize(from)?;
    if patterns.iter().all(|pattern| git_remote::is_pattern(pattern)) {
        Ok(patterns)
    } else {
        Err(D::Error::custom("a project is named by host and path without a scheme, as in \"github.com/acme/*\""))
    }
}
