//! What differs between the agents in how they are configured.

use std::path::Path;

use serde_json::Value;

use super::agent_hooks::AgentHooks;
use super::entries::HookCommand;
use super::error::InstallError;
use super::find_hooks::FoundHook;
use super::policies::{Policies, PolicyPlaces};
use super::receipt::Added;

/// How an agent is configured to call baton.
#[derive(Debug)]
pub struct AgentConfig {
    /// The hooks that it has.
    pub hooks: AgentHooks,
    /// The names of the files with hooks in the agent's directory: the user's and the project's, and the user's in one
    /// project if the agent has that.
    pub files: HookFiles,
    /// Returns a top-level key because of which the agent ignores a whole file.
    pub spoiling_key: fn(&Value) -> Option<&str>,
    /// Reads the settings that keep the agent from running a user's hooks.
    pub(crate) read_policies: fn(&mut Policies, &PolicyPlaces<'_>),
    /// Returns the name of baton's plugin from the agent's directory, if it is turned on there.
    pub plugin: fn(&Path) -> Option<String>,
    /// The file of the trusted hooks and of the sandbox. `None` if the agent has neither.
    pub settings: Option<SettingsFile>,
    /// How the agent is made to trust hooks. `None` if it runs them without being asked to.
    pub trust: Option<Trust>,
    /// How the sandbox of its tools is opened for the state. `None` if its tools can write it anyway.
    pub sandbox: Option<Sandbox>,
}

/// The names of an agent's files with hooks.
#[derive(Debug, Clone, Copy)]
pub struct HookFiles {
    /// The user's and the project's.
    pub shared: &'static str,
    /// The user's in one project.
    pub local: Option<&'static str>,
}

/// How an agent is made to trust hooks.
#[derive(Debug)]
pub struct Trust {
    /// What the user does if baton does not.
    pub by_hand: &'static str,
    /// Returns the entries for the hooks that a file will have. The agent's program, if it is on the PATH, confirms them.
    pub entries: fn(Option<&Path>, &HooksText<'_>) -> Result<Vec<Added>, InstallError>,
    /// Returns whether the agent trusts a hook of a file, whose path is the second argument.
    pub state: fn(&SettingsText<'_>, &Path, &FoundHook) -> Result<TrustState, InstallError>,
}

/// A file with hooks as it will be.
#[derive(Debug, Clone, Copy)]
pub struct HooksText<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// How the hooks name the program.
    pub command: &'a HookCommand,
}

/// An agent's file of settings.
#[derive(Debug, Clone, Copy)]
pub struct SettingsText<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Its text.
    pub text: &'a str,
}

/// Whether an agent trusts a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustState {
    /// It does.
    Trusted,
    /// It trusted what was there before.
    Modified,
    /// It was never asked.
    Untrusted,
}

/// How the sandbox of an agent's tools is opened for the state.
#[derive(Debug)]
pub struct Sandbox {
    /// Returns whether the settings let tools write to a directory. `None` if they cannot be read.
    pub is_open: fn(&SettingsText<'_>, &str) -> Option<bool>,
}

/// How an entry is added to an agent's settings, and removed from them.
#[derive(Debug)]
pub struct SettingsFile {
    /// Its name in the agent's directory.
    pub name: &'static str,
    /// Returns the text with an entry, and what was added. `None` if the entry exists already.
    pub(crate) add: fn(&SettingsText<'_>, &Added) -> Result<Addition, InstallError>,
    /// Returns the text without an entry.
    pub(crate) remove: fn(&SettingsText<'_>, &Added) -> Result<String, InstallError>,
}

/// The new text and what was added, or `None` if the entry exists already.
pub(crate) type Addition = Option<(String, Added)>;
