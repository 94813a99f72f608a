//! `baton install`: changes the agents' configuration, and shows the difference first.

mod install_plan;

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use clap::{Args, ValueEnum};

use self::install_plan::{Failure, InstallPlan};
use crate::args::agent;
use crate::error::CommandError;
use crate::output::notice;
use crate::output::{self, confirm};
use baton_agents::spec;
use baton_display::{Progress, strip_control_chars};
use baton_installer::agent_config::{AgentConfig, HooksText};
use baton_installer::agents::config;
use baton_installer::config_file::ConfigFile;
use baton_installer::entries::HookCommand;
use baton_installer::locations::{DetectedAgent, Locations, Scope};
use baton_installer::plan;
use baton_installer::program::Program;
use baton_installer::receipt::{Added, InstallLock, Receipt};
use baton_installer::settings_variable::SettingsVariable;
use baton_installer::{InstallError, json_edit};
use baton_store::{StateDir, StateDirEnv};
use baton_system::here;

/// Add baton's hooks to the agents' configuration. Shows the exact changes to each file and asks before it writes.
/// `baton uninstall` removes them.
#[derive(Args)]
pub struct Install {
    /// Only this agent [default: every agent that is found]
    #[arg(long, value_parser = agent::parser())]
    agent: Option<Agent>,
    /// user: for you, in every project. project: for everyone, in this project. local: for you, in this project
    /// (Claude Code only)
    #[arg(long, value_enum, default_value = "user")]
    scope: ScopeName,
    /// Show the changes and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
    /// Codex: also trust the hooks, if Codex itself confirms their hashes
    #[arg(long)]
    trust: bool,
    /// Claude Code: raise the limit of consecutive Stop hooks that keep it working from 8 to N, which loops need.
    /// This raises the limit for all Stop hooks, not only baton's
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "50")]
    loops: Option<std::num::NonZeroU32>,
    /// Codex: let sandboxed tools write baton's state, so that the agent can run `baton run update`
    #[arg(long)]
    writable: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScopeName {
    User,
    Project,
    Local,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::User => Self::User,
            ScopeName::Project => Self::Project,
            ScopeName::Local => Self::Local,
        }
    }
}

impl Install {
    /// Installs.
    ///
    /// # Errors
    /// Returns an error if no agent is found, if a file cannot be read or written, or if the user answers no.
    pub fn run(self) -> Result<(), CommandError> {
        let locations = Locations::from_environment()?;
        // A dry run creates nothing, not even the lock.
        let lock = if self.dry_run { None } else { Some(InstallLock::acquire(&locations.lock())?) };
        let made = lock.as_ref().map(|lock| lock.created_dirs.clone()).unwrap_or_default();
        let done = self.run_locked(&locations, &made);
        if let Some(lock) = lock
            && !locations.receipt().exists()
        {
            lock.remove(&made);
        }
        done
    }

    fn run_locked(&self, locations: &Locations, made: &[PathBuf]) -> Result<(), CommandError> {
        let mut receipt = Receipt::load(&locations.receipt())?;
        receipt.dirs.extend(made.iter().cloned());
        let agents = self.agents()?;
        let progress = Progress::begin("reading the agents' configuration", None);
        let mut plan = self.build_plan(locations, &receipt, &agents)?;
        drop(progress);
        for note in &plan.notes {
            notice(note);
        }
        let copies = plan.program.as_ref().is_some_and(|program| program.copies().next().is_some());
        if plan.changes.is_empty() && !plan.failed.is_empty() {
            return plan.finish();
        }
        if plan.changes.is_empty() && !copies {
            notice("baton is already installed; nothing was written");
        } else {
            output::print(&plan.diff())?;
            if self.dry_run {
                notice("dry run: nothing was written");
                return plan.finish();
            }
            if !self.yes {
                confirm("Write this?")?;
            }
            plan.make(locations, receipt, self.scope.into())?;
        }
        self.print_next_steps(&agents);
        plan.finish()
    }

    /// Returns the agents to install for.
    fn agents(&self) -> Result<Vec<Agent>, CommandError> {
        if let Some(agent) = self.agent {
            return Ok(vec![agent]);
        }
        let mut found = Vec::new();
        let mut looked = Vec::new();
        for agent in Agent::ALL {
            let detected = Locations::detect_agent(agent)?;
            if detected.configured || detected.program.is_some() {
                found.push(agent);
            }
            looked.push(format!("neither {} nor {} on the PATH", detected.dir.display(), spec(agent).comm));
        }
        if found.is_empty() { Err(InstallError::NoAgent { looked: looked.join(", ") }.into()) } else { Ok(found) }
    }

    fn build_plan(
        &self,
        locations: &Locations,
        receipt: &Receipt,
        agents: &[Agent],
    ) -> Result<InstallPlan, CommandError> {
        let mut plan = InstallPlan::default();
        let command = if matches!(self.scope, ScopeName::User) {
            let program = Program::find(&locations.program())?;
            let path = program.path.to_str().ok_or_else(|| InstallError::NotText { path: program.path.clone() })?;
            let command = HookCommand::Path(path.to_owned());
            plan.program = Some(program);
            command
        } else {
            HookCommand::Guarded
        };
        for &agent in agents {
            if let Err(error) = self.plan_agent(locations, receipt, agent, &command, &mut plan) {
                let file = locations.hooks(agent, self.scope.into()).ok();
                plan.failed.push(Failure::new(error, agent, file, &command));
            }
        }
        plan.command = Some(command);
        Ok(plan)
    }

    /// Plans the changes for one agent. What cannot be done for it does not concern the others.
    fn plan_agent(
        &self,
        locations: &Locations,
        receipt: &Receipt,
        agent: Agent,
        command: &HookCommand,
        plan: &mut InstallPlan,
    ) -> Result<(), CommandError> {
        let file = match locations.hooks(agent, self.scope.into()) {
            Err(error @ InstallError::NoLocalScope { agent }) if self.agent.is_none() => {
                plan.notes.push(format!("nothing for {agent}: {error}"));
                return Ok(());
            }
            file => file?,
        };
        let detected = Locations::detect_agent(agent)?;
        if detected.program.is_none() {
            let name = spec(agent).comm;
            plan.notes.push(format!("{name} is not on the PATH here; its configuration is written anyway"));
        }
        let source = ConfigFile::read(&file)?;
        let cap = self.cap(agent, plan);
        let (change, notes) = plan::plan_hooks(agent, source.clone(), command, receipt.files.get(&file), cap.as_ref())?;
        plan.notes.extend(notes);
        let after = change.as_ref().map_or_else(|| source.text().to_owned(), |change| change.after.clone());
        plan.changes.extend(change);
        plan.notes.extend(spoiling_key(agent, &file, &after)?);
        if let Some(path) = Locations::settings(agent)? {
            let hooks = HooksText { path: &file, text: &after, command };
            let wanted = self.settings(agent, &detected, &hooks, plan)?;
            plan.changes.extend(plan::plan_settings(agent, ConfigFile::read(&path)?, &wanted)?);
        }
        Ok(())
    }

    /// Returns the agent's limit on consecutive `Stop` hooks, if it was asked for.
    fn cap(&self, agent: Agent, plan: &mut InstallPlan) -> Option<SettingsVariable> {
        let value = self.loops?.to_string();
        let Some(cap) = spec(agent).block_cap else {
            plan.notes.push(format!("{agent} does not limit consecutive Stop hooks; nothing is set for it"));
            return None;
        };
        let name = cap.variable.to_owned();
        if !matches!(self.scope, ScopeName::User) {
            plan.notes.push(format!("{name} can only be set with --scope user; it was left out"));
            return None;
        }
        plan.notes.push(format!(
            "{name}={value} lifts the guard of {} Stops in a row for all Stop hooks of {agent}, not for baton's alone; a Stop hook \
             that always blocks keeps the agent going so often",
            cap.default
        ));
        Some(SettingsVariable { name, value })
    }

    /// Returns the entries for the agent's file of settings. If the agent does not confirm the hooks, leaves out the trust
    /// entries and adds a warning.
    fn settings(
        &self,
        agent: Agent,
        detected: &DetectedAgent,
        hooks: &HooksText<'_>,
        plan: &mut InstallPlan,
    ) -> Result<Vec<Added>, CommandError> {
        let mut wanted = Vec::new();
        let AgentConfig { trust, sandbox, .. } = config(agent);
        if self.writable && sandbox.is_some() {
            let home = StateDir::resolve(&StateDirEnv::from_process(), None, &here()?.place)?;
            let path = home.path().to_str().ok_or_else(|| InstallError::NotText { path: home.path().to_owned() })?;
            wanted.push(Added::WritableRoot { path: path.to_owned(), created_list: false, created_table: false });
        }
        if let Some(trust) = trust.as_ref().filter(|_| self.trust) {
            match (trust.entries)(detected.program.as_deref(), hooks) {
                Ok(entries) => wanted.extend(entries),
                Err(error) => plan.untrusted = Some(error),
            }
        }
        Ok(wanted)
    }

    fn print_next_steps(&self, agents: &[Agent]) {
        let scope = if matches!(self.scope, ScopeName::User) { "" } else { " --scope project" };
        for (agent, trust) in agents.iter().filter_map(|agent| Some((*agent, config(*agent).trust.as_ref()?))) {
            if !self.trust {
                notice(&format!(
                    "{} runs a hook only once you trust it: {}, or run `baton install{scope} --trust`",
                    spec(agent).title,
                    trust.by_hand
                ));
            }
        }
        notice(
            "sessions that are already open are not affected; `baton doctor` checks the installation, `baton uninstall` removes it",
        );
    }
}

/// Returns a warning about a top-level key because of which an agent would ignore a whole file.
fn spoiling_key(agent: Agent, file: &Path, text: &str) -> Result<Option<String>, InstallError> {
    let value = json_edit::parse(file, text)?.unwrap_or_default();
    Ok((config(agent).spoiling_key)(&value).map(|key| {
        let (key, title) = (strip_control_chars(key), spec(agent).title);
        format!("{} has the key {key:?}, which makes {title} ignore the whole file: remove it", file.display())
    }))
}
