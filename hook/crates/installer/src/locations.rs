//! Where the agents' files are, and which agents are installed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::agents::config;
use super::error::InstallError;
use baton_agents::spec;
use baton_fs::{dirs, program};
use baton_system::environment::{Environment, OwnEnvironment};
use baton_system::worktree;

/// Where an entry applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For this user, in every project.
    User,
    /// For everyone who works on this project. The file is part of the project.
    Project,
    /// For this user, in this project.
    Local,
}

/// The locations of this user's files.
#[derive(Debug, Clone)]
pub struct Locations {
    data: PathBuf,
    project: Option<PathBuf>,
}

/// An agent as it was found on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedAgent {
    /// Its configuration directory.
    pub dir: PathBuf,
    /// Whether the directory exists.
    pub configured: bool,
    /// Its program on this process' PATH.
    pub program: Option<PathBuf>,
}

impl Locations {
    /// Reads the locations from the environment and the working directory.
    ///
    /// # Errors
    /// Returns an error if `HOME` does not name a directory.
    pub fn from_environment() -> Result<Self, InstallError> {
        let (xdg, home) = (OwnEnvironment.get("XDG_DATA_HOME"), OwnEnvironment.get("HOME"));
        let data = dirs::base(xdg.as_deref().map(OsStr::new), home.as_deref().map(OsStr::new), ".local/share")
            .ok_or(InstallError::NoHome)?;
        // Only a project's entries need it.
        let project = std::env::current_dir().ok().map(|here| worktree::find_root(&here).map_or(here, PathBuf::from));
        Ok(Self { data: data.join("baton"), project })
    }

    /// Returns the path of the receipt.
    #[must_use]
    pub fn receipt(&self) -> PathBuf {
        self.data.join("receipt.json")
    }

    /// Returns the path of the receipt's lock.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.data.join("install.lock")
    }

    /// Returns the directory of the receipt, the lock and the program.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Returns the root of the project. `None` if the current directory was removed.
    #[must_use]
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// Returns the path of the copy of the program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.data.join("bin/baton")
    }

    /// Returns how far an agent is installed and configured.
    ///
    /// # Errors
    /// Returns an error if `HOME` does not name a directory.
    pub fn detect_agent(agent: Agent) -> Result<DetectedAgent, InstallError> {
        let dir = spec(agent).home(&OwnEnvironment).ok_or_else(|| no_agent_home(agent))?;
        Ok(DetectedAgent { configured: dir.is_dir(), dir, program: program::find(spec(agent).comm) })
    }

    /// Returns the file that contains an agent's hooks.
    ///
    /// # Errors
    /// Returns an error if `HOME` does not name a directory, or if the agent does not have this scope.
    pub fn hooks(&self, agent: Agent, scope: Scope) -> Result<PathBuf, InstallError> {
        let dir = match scope {
            Scope::User => Self::detect_agent(agent)?.dir,
            Scope::Project | Scope::Local => {
                self.project().ok_or(InstallError::NoCurrentDirectory)?.join(spec(agent).home_default)
            }
        };
        let files = config(agent).files;
        let name = match scope {
            Scope::Local => files.local.ok_or(InstallError::NoLocalScope { agent: spec(agent).title })?,
            Scope::User | Scope::Project => files.shared,
        };
        Ok(dir.join(name))
    }

    /// Returns the path of an agent's file of settings, which has its trusted hooks and its sandbox. `None` if it has no
    /// such file.
    ///
    /// # Errors
    /// Returns an error if `HOME` does not name a directory.
    pub fn settings(agent: Agent) -> Result<Option<PathBuf>, InstallError> {
        let Some(settings) = &config(agent).settings else { return Ok(None) };
        Ok(Some(Self::detect_agent(agent)?.dir.join(settings.name)))
    }
}

/// Why nothing says where an agent's configuration is.
fn no_agent_home(agent: Agent) -> InstallError {
    let variable = spec(agent).home_variable;
    OwnEnvironment.get(variable).map_or(InstallError::NoHome, |value| InstallError::RelativeHome { variable, value })
}

/// Finds the first program of this name on the PATH of another process.
#[must_use]
pub fn on_path_of(name: &str, path: &OsStr) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let runs =
        |file: &PathBuf| file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    std::env::split_paths(path).map(|dir| dir.join(name)).find(runs)
}
