//! The profile of a conversation: the directory in which its agent keeps it, besides the settings that the agent runs by.
//!
//! Who starts an agent with a profile runs the hooks that its settings name. The path of a transcript comes from a
//! payload, which an agent that may call baton can make up. So a profile that is not the user's own counts only if an
//! agent was started with it.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::session::Launch;

use super::{AGENTS, AgentInspector, AgentSpec, spec};
use baton_system::ancestry::{MAX_COMMAND_ANCESTORS, ancestors_from};
use baton_system::environment::{Environment, ProcessEnvironment};
use baton_system::process_stat::ProcessStat;

/// The profile in which a transcript is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// The one that the agent uses anyway, or nothing shows another.
    Current,
    /// The one of an agent whose variable is unset.
    Default,
    /// Another directory.
    Other(PathBuf),
}

impl AgentSpec {
    /// Returns the profile in which a transcript is.
    #[must_use]
    pub fn profile(&self, environment: &dyn Environment, transcript: &Path) -> Profile {
        let canonical = |path: PathBuf| std::fs::canonicalize(path).ok();
        let is_transcripts = |path: &&Path| path.file_name().is_some_and(|name| name == self.transcripts_directory);
        let home = transcript.ancestors().skip(1).find(is_transcripts).and_then(Path::parent).map(Path::to_owned);
        let Some(home) = home.and_then(canonical) else { return Profile::Current };
        if self.home(environment).and_then(canonical).as_ref() == Some(&home) {
            return Profile::Current;
        }
        let default = environment.get("HOME").map(|user| PathBuf::from(user).join(self.home_default));
        if default.and_then(canonical).as_ref() == Some(&home) { Profile::Default } else { Profile::Other(home) }
    }
}

impl Profile {
    /// Returns the words before a command that make the agent use this profile.
    ///
    /// The default directory is selected by an unset variable: Claude keeps other files elsewhere if it is set.
    #[must_use]
    pub fn words(&self, agent: Agent) -> Vec<String> {
        let variable = spec(agent).home_variable;
        match self {
            Self::Current => Vec::new(),
            Self::Default => ["env", "-u", variable].map(str::to_owned).into(),
            Self::Other(home) => vec!["env".to_owned(), format!("{variable}={}", home.display())],
        }
    }

    /// Returns the directory, if none of these launches proves that the user chose it.
    #[must_use]
    pub fn unproved<'a>(&'a self, launches: &[Launch]) -> Option<&'a Path> {
        let Self::Other(home) = self else { return None };
        let is_it = |launch: &Launch| {
            launch.home.as_ref().and_then(|proved| std::fs::canonicalize(proved).ok()).as_ref() == Some(home)
        };
        (!launches.iter().any(is_it)).then_some(home)
    }
}

impl AgentInspector<'_> {
    /// Returns the agent's directory, if the process was started with the variable that names it, and so was each agent
    /// above it: a tool of an agent starts with what the agent's settings define.
    #[must_use]
    pub fn proved_home(&self, agent: Agent, process: &ProcessStat) -> Option<String> {
        let variable = spec(agent).home_variable;
        let home_of = |pid| ProcessEnvironment::new(self.system, pid).get(variable);
        let home = home_of(process.pid).filter(|home| Path::new(home).is_absolute())?;
        let is_agent = |stat: &ProcessStat| AGENTS.iter().any(|spec| spec.is_named(&stat.comm));
        let mut above = ancestors_from(self.system, process.parent, process.start, MAX_COMMAND_ANCESTORS);
        above.all(|stat| !is_agent(&stat) || home_of(stat.pid).as_ref() == Some(&home)).then_some(home)
    }
}
