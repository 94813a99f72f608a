//! Where the agents' files are, and which agents are there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::error::WiringError;
use crate::agents::row;
use crate::machine::environment::{Environment, Inherited};
use crate::machine::worktree;

/// For whom an entry works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For this person, in every project.
    User,
    /// For everyone who works on this project: the file is part of it.
    Project,
    /// For this person, in this project.
    Local,
}

/// Where this person's files are.
#[derive(Debug, Clone)]
pub struct Places {
    data: PathBuf,
    project: PathBuf,
}

/// An agent as it is found on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Its configuration directory.
    pub dir: PathBuf,
    /// Whether that exists.
    pub configured: bool,
    /// Its program, on this process' PATH.
    pub program: Option<PathBuf>,
}

impl Places {
    /// Reads them from the environment and the working directory.
    ///
    /// # Errors
    /// Where HOME says nothing.
    pub fn find() -> Result<Self, WiringError> {
        let absolute = |name| Inherited.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = match absolute("XDG_DATA_HOME") {
            Some(data) => data,
            None => absolute("HOME").ok_or(WiringError::NoHome)?.join(".local/share"),
        };
        let here = std::env::current_dir().map_err(WiringError::io("find", Path::new(".")))?;
        let project = worktree::root(&here).map_or(here, PathBuf::from);
        Ok(Self { data: data.join("baton"), project })
    }

    /// The receipt.
    #[must_use]
    pub fn receipt(&self) -> PathBuf {
        self.data.join("receipt.json")
    }

    /// The lock of the receipt.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.data.join("install.lock")
    }

    /// The directory of receipt, lock and program.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The copy of the program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.data.join("bin/baton")
    }

    /// How far an agent is there.
    ///
    /// # Errors
    /// Where HOME says nothing.
    pub fn presence(agent: Agent) -> Result<Presence, WiringError> {
        let dir = row(agent).home(&Inherited).ok_or(WiringError::NoHome)?;
        Ok(Presence { configured: dir.is_dir(), dir, program: on_path(row(agent).comm) })
    }

    /// The file in which an agent's hooks are.
    ///
    /// # Errors
    /// Where HOME says nothing, or the agent has no such scope.
    pub fn hooks(&self, agent: Agent, scope: Scope) -> Result<PathBuf, WiringError> {
        let dir = match scope {
            Scope::User => Self::presence(agent)?.dir,
            Scope::Project | Scope::Local => self.project.join(row(agent).home_default),
        };
        match (agent, scope) {
            (Agent::Claude, Scope::Local) => Ok(dir.join("settings.local.json")),
            (Agent::Claude, _) => Ok(dir.join("settings.json")),
            (Agent::Codex, Scope::Local) => Err(WiringError::NoLocalScope),
            (Agent::Codex, _) => Ok(dir.join("hooks.json")),
        }
    }

    /// Codex' own settings, which hold the trust.
    ///
    /// # Errors
    /// Where HOME says nothing.
    pub fn codex_settings() -> Result<PathBuf, WiringError> {
        Ok(Self::presence(Agent::Codex)?.dir.join("config.toml"))
    }
}

/// The first program of this name on this process' PATH.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    on_path_of(name, &std::env::var_os("PATH")?)
}

/// The first program of this name on a PATH.
#[must_use]
pub fn on_path_of(name: &str, path: &OsStr) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let runs =
        |file: &PathBuf| file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    std::env::split_paths(path).map(|dir| dir.join(name)).find(runs)
}
