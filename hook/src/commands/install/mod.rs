//! `baton install`: changes the agents' configuration, and shows the difference first.

mod install_plan;

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use clap::{Args, ValueEnum};

use self::install_plan::{Failure, InstallPlan};
use crate::args::agent::AgentName;
use crate::error::CommandError;
use crate::output::notice;
use crate::output::{self, confirm};
use baton_agents::spec;
use baton_display::{Progress, strip_control_chars};
use baton_installer::codex_trust::{self, TrustEntry};
use baton_installer::config_file::ConfigFile;
use baton_installer::entries::{self, HookCommand};
use baton_installer::locations::{DetectedAgent, Locations, Scope};
use baton_installer::plan;
use baton_installer::program::Program;
use baton_installer::receipt::{Added, InstallLock, Receipt};
use baton_installer::settings_variable::SettingsVariable;
use baton_installer::{InstallError, codex_trust_query, find_hooks, json_edit};
use baton_store::{StateDir, StateDirEnv};
use baton_system::here;

/// Add baton's hooks to the agents' configuration. Shows the exact changes to each file and asks before it writes.
/// `baton uninstall` removes them.
#[derive(Args)]
pub struct Install {
    /// Only this agent [default: every agent that is found]
    #[arg(long, value_enum)]
    agent: Option<AgentName>,
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
            return Ok(vec![agent.into()]);
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
            Err(InstallError::NoLocalScope) if self.agent.is_none() => {
                plan.notes.push(format!("nothing for Codex: {}", InstallError::NoLocalScope));
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
        if agent == Agent::Codex {
            plan.notes.extend(unknown_top_level_key(&file, &after)?);
            let settings = self.settings(&detected, &file, &after, command, plan)?;
            plan.changes
                .extend(plan::plan_codex_settings(ConfigFile::read(&Locations::codex_settings()?)?, &settings)?);
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

    /// Returns the settings for Codex' config.toml. If Codex does not confirm the hashes, leaves out the trust
    /// entries and adds a warning.
    fn settings(
        &self,
        detected: &DetectedAgent,
        file: &Path,
        hooks: &str,
        command: &HookCommand,
        plan: &mut InstallPlan,
    ) -> Result<Vec<Added>, CommandError> {
        let mut wanted = Vec::new();
        if self.writable {
            let home = StateDir::resolve(&StateDirEnv::from_process(), None, &here()?.place)?;
            let path = home.path().to_str().ok_or_else(|| InstallError::NotText { path: home.path().to_owned() })?;
            wanted.push(Added::WritableRoot { path: path.to_owned(), created_list: false, created_table: false });
        }
        if self.trust {
            match trust_entries(detected, file, hooks, command) {
                Ok(trusts) => {
                    wanted.extend(trusts.into_iter().map(|TrustEntry { key, hash }| Added::Trust { key, hash }))
                }
                Err(error) => plan.untrusted = Some(error),
            }
        }
        Ok(wanted)
    }

    fn print_next_steps(&self, agents: &[Agent]) {
        if agents.contains(&Agent::Codex) && !self.trust {
            let scope = if matches!(self.scope, ScopeName::User) { "" } else { " --scope project" };
            notice(&format!(
                "Codex runs a hook only once you trust it: start codex and choose to trust the hooks when it asks, \
                 or run `baton install{scope} --trust`"
            ));
        }
        notice(
            "sessions that are already open are not affected; `baton doctor` checks the installation, `baton uninstall` removes it",
        );
    }
}

/// Returns the entries to trust: baton's, at the positions that they will have, with the hashes that Codex itself
/// computes.
fn trust_entries(
    detected: &DetectedAgent,
    file: &Path,
    hooks: &str,
    command: &HookCommand,
) -> Result<Vec<TrustEntry>, InstallError> {
    let codex =
        detected.program.as_ref().ok_or_else(|| InstallError::Untrusted("codex is not on the PATH".to_owned()))?;
    let path = codex_path(file);
    let value = json_edit::parse(file, hooks)?.unwrap_or_default();
    let calls = find_hooks::baton_calls(&value, Agent::Codex);
    let theirs = codex_trust_query::query_hashes(codex, hooks)?;
    let mut trusts = Vec::new();
    for event in entries::events(Agent::Codex) {
        let wanted = entries::HookGroup::new(Agent::Codex, event, command);
        let ours = calls.iter().find(|call| call.event == *event && call.value == wanted.handler());
        let Some(call) = ours else { continue };
        let place = codex_trust::position_key(event, call.group, call.handler);
        let hash = codex_trust::handler_hash(event, call.matcher.as_deref(), &call.value).unwrap_or_default();
        match theirs.iter().find(|(at, _)| *at == place) {
            Some((_, found)) if *found == hash => {
                trusts.push(TrustEntry { key: format!("{}:{place}", path.display()), hash })
            }
            Some((_, found)) => {
                return Err(InstallError::Untrusted(format!("Codex' own hash of {place} is {found}, not {hash}")));
            }
            None => return Err(InstallError::Untrusted(format!("Codex does not list {place}"))),
        }
    }
    Ok(trusts)
}

/// Returns the path of a hooks.json as Codex writes it in its trust entries: if `CODEX_HOME` is set, Codex resolves
/// the symlinks in it.
#[must_use]
pub fn codex_path(file: &Path) -> PathBuf {
    let canonical = || file.parent()?.canonicalize().ok().zip(file.file_name()).map(|(dir, name)| dir.join(name));
    let set = std::env::var_os(spec(Agent::Codex).home_variable).is_some_and(|home| !home.is_empty());
    if set { canonical().unwrap_or_else(|| file.to_owned()) } else { file.to_owned() }
}

/// Returns a top-level key of a hooks.json because of which Codex would ignore the whole file.
fn unknown_top_level_key(file: &Path, text: &str) -> Result<Option<String>, InstallError> {
    let value = json_edit::parse(file, text)?.unwrap_or_default();
    let known = |key: &&String| !matches!(key.as_str(), "hooks" | "description");
    let unknown = value.as_object().and_then(|object| object.keys().find(known));
    Ok(unknown.map(|key| {
        let key = strip_control_chars(key);
        format!("{} has the key {key:?}, which makes Codex ignore the whole file: remove it", file.display())
    }))
}
