//! `baton install`: the agents' configuration, with the difference shown first.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use clap::{Args, ValueEnum};

use crate::agents::row;
use crate::commands::context::here;
use crate::commands::difference;
use crate::commands::error::CommandError;
use crate::commands::hook::AgentName;
use crate::commands::print::say;
use crate::store::{Env, Home};
use crate::wiring::entry::{self, Command};
use crate::wiring::file::{Source, make_dirs};
use crate::wiring::place::{Places, Presence, Scope};
use crate::wiring::plan::{self, Change};
use crate::wiring::program::Program;
use crate::wiring::receipt::{Added, Lock, Receipt};
use crate::wiring::trust::{self, Trust};
use crate::wiring::{WiringError, client, find, json};
use crate::words;

/// Has the agents call baton on their lifecycle events. Shows the exact difference of each file, asks, and writes. `baton uninstall` takes it
/// out again.
#[derive(Args)]
pub struct Install {
    /// Only this agent; without it, each that is found
    #[arg(long, value_enum)]
    agent: Option<AgentName>,
    /// user: for you, in every project. project: for everyone who works on this project. local: for you, in this project (Claude Code)
    #[arg(long, value_enum, default_value = "user")]
    scope: ScopeName,
    /// Show the difference and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Codex: trust the entries too, if Codex itself confirms their hashes
    #[arg(long)]
    trust: bool,
    /// Codex: let its sandboxed tools write baton's state, so that the agent can run `baton run update`
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

/// All that is to be done.
#[derive(Default)]
struct Work {
    changes: Vec<Change>,
    program: Option<Program>,
    notes: Vec<String>,
    untrusted: Option<WiringError>,
}

impl Install {
    /// Installs.
    ///
    /// # Errors
    /// When no agent is found, a file cannot be read or written, or the person said no.
    pub fn run(self) -> Result<(), CommandError> {
        let places = Places::find()?;
        // Nothing is made for a dry run, not even the lock.
        let lock = if self.dry_run { None } else { Some(Lock::take(&places.lock())?) };
        let made = lock.as_ref().map(|lock| lock.made.clone()).unwrap_or_default();
        let done = self.run_locked(&places, &made);
        if let Some(lock) = lock
            && !places.receipt().exists()
        {
            lock.remove(&made);
        }
        done
    }

    fn run_locked(&self, places: &Places, made: &[PathBuf]) -> Result<(), CommandError> {
        let mut receipt = Receipt::load(&places.receipt())?;
        receipt.dirs.extend(made.iter().cloned());
        let agents = self.agents()?;
        let work = self.plan(places, &receipt, &agents)?;
        for note in &work.notes {
            say(note);
        }
        let copies = work.program.as_ref().is_some_and(|program| program.copy.is_some());
        if work.changes.is_empty() && !copies {
            say("everything is in place; nothing was written");
        } else {
            difference::show(&work.difference())?;
            if self.dry_run {
                say("nothing was written: this was a dry run");
                return Ok(());
            }
            if !self.yes {
                difference::ask("Write this?")?;
            }
            work.make(places, receipt)?;
        }
        self.say_what_is_next(&agents);
        work.untrusted.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The agents to install for.
    fn agents(&self) -> Result<Vec<Agent>, CommandError> {
        if let Some(agent) = self.agent {
            return Ok(vec![agent.into()]);
        }
        let mut found = Vec::new();
        let mut looked = Vec::new();
        for agent in Agent::ALL {
            let presence = Places::presence(agent)?;
            if presence.configured || presence.program.is_some() {
                found.push(agent);
            }
            looked.push(format!("neither {} nor {} on the PATH", presence.dir.display(), row(agent).comm));
        }
        if found.is_empty() { Err(WiringError::NoAgent { looked: looked.join(", ") }.into()) } else { Ok(found) }
    }

    fn plan(&self, places: &Places, receipt: &Receipt, agents: &[Agent]) -> Result<Work, CommandError> {
        let mut work = Work::default();
        let command = if matches!(self.scope, ScopeName::User) {
            let program = Program::find(&places.program())?;
            let path = program.path.to_str().ok_or_else(|| WiringError::NotText { path: program.path.clone() })?;
            let command = Command::Path(path.to_owned());
            work.program = Some(program);
            command
        } else {
            Command::Guarded
        };
        for &agent in agents {
            let file = match places.hooks(agent, self.scope.into()) {
                Err(WiringError::NoLocalScope) if self.agent.is_none() => {
                    work.notes.push(format!("nothing for Codex: {}", WiringError::NoLocalScope));
                    continue;
                }
                file => file?,
            };
            let presence = Places::presence(agent)?;
            if presence.program.is_none() {
                let name = row(agent).comm;
                work.notes.push(format!("{name} is not on the PATH here; its configuration is written all the same"));
            }
            let source = Source::read(&file)?;
            let (change, notes) = plan::hooks(agent, source.clone(), &command, receipt.files.get(&file))?;
            work.notes.extend(notes);
            let after = change.as_ref().map_or_else(|| source.text().to_owned(), |change| change.after.clone());
            work.changes.extend(change);
            if agent == Agent::Codex {
                work.notes.extend(ignored(&file, &after)?);
                let settings = self.settings(&presence, &file, &after, &command, &mut work)?;
                work.changes.extend(plan::settings(Source::read(&Places::codex_settings()?)?, &settings)?);
            }
        }
        Ok(work)
    }

    /// What is asked for in Codex' config.toml. Where Codex does not confirm the trust, that part is left out, and told.
    fn settings(
        &self,
        presence: &Presence,
        file: &Path,
        hooks: &str,
        command: &Command,
        work: &mut Work,
    ) -> Result<Vec<Added>, CommandError> {
        let mut wanted = Vec::new();
        if self.writable {
            let home = Home::resolve(&Env::of_process(), None, &here()?.place)?;
            let path = home.path().to_str().ok_or_else(|| WiringError::NotText { path: home.path().to_owned() })?;
            wanted.push(Added::WritableRoot { path: path.to_owned(), made_list: false, made_table: false });
        }
        if self.trust {
            match trusts(presence, file, hooks, command) {
                Ok(trusts) => wanted.extend(trusts.into_iter().map(|Trust { key, hash }| Added::Trust { key, hash })),
                Err(error) => work.untrusted = Some(error),
            }
        }
        Ok(wanted)
    }

    fn say_what_is_next(&self, agents: &[Agent]) {
        if agents.contains(&Agent::Codex) && !self.trust {
            say("Codex runs a hook only once you trust it: start codex and choose to trust the hooks when it asks, \
                 or run `baton install --trust`");
        }
        say("sessions that are open now go on as before; `baton doctor` checks, `baton uninstall` takes it out");
    }
}

/// The entries to trust: ours, at the places where they will stand, with the hashes that Codex itself gives them.
fn trusts(presence: &Presence, file: &Path, hooks: &str, command: &Command) -> Result<Vec<Trust>, WiringError> {
    let codex =
        presence.program.as_ref().ok_or_else(|| WiringError::Untrusted("codex is not on the PATH".to_owned()))?;
    let path = codex_path(file);
    let value = json::parse(file, hooks)?.unwrap_or_default();
    let calls = find::calls(&value, Agent::Codex);
    let theirs = client::hashes(codex, hooks)?;
    let mut trusts = Vec::new();
    for event in entry::events(Agent::Codex) {
        let wanted = entry::Group::new(Agent::Codex, event, command);
        let ours = calls.iter().find(|call| call.event == *event && call.value == wanted.handler());
        let Some(call) = ours else { continue };
        let place = trust::place(event, call.group, call.handler);
        let hash = trust::hash(event, call.matcher.as_deref(), &call.value).unwrap_or_default();
        match theirs.iter().find(|(at, _)| *at == place) {
            Some((_, said)) if *said == hash => trusts.push(Trust { key: format!("{}:{place}", path.display()), hash }),
            Some((_, said)) => {
                return Err(WiringError::Untrusted(format!("Codex' own hash of {place} is {said}, not {hash}")));
            }
            None => return Err(WiringError::Untrusted(format!("Codex does not list {place}"))),
        }
    }
    Ok(trusts)
}

/// A path of a hooks.json as Codex names it in its trust: with the symlinks on the way to CODEX_HOME followed, where that is set.
#[must_use]
pub fn codex_path(file: &Path) -> PathBuf {
    let canonical = || file.parent()?.canonicalize().ok().zip(file.file_name()).map(|(dir, name)| dir.join(name));
    let set = std::env::var_os(row(Agent::Codex).home_variable).is_some_and(|home| !home.is_empty());
    if set { canonical().unwrap_or_else(|| file.to_owned()) } else { file.to_owned() }
}

/// Keys at the top of a hooks.json for which Codex ignores the whole file.
fn ignored(file: &Path, text: &str) -> Result<Option<String>, WiringError> {
    let value = json::parse(file, text)?.unwrap_or_default();
    let known = |key: &&String| !matches!(key.as_str(), "hooks" | "description");
    let unknown = value.as_object().and_then(|object| object.keys().find(known));
    Ok(unknown.map(|key| {
        let key = words::clean(key);
        format!("{} has the key {key:?}, for which Codex ignores the whole file: take it out", file.display())
    }))
}

impl Work {
    fn difference(&self) -> String {
        let mut text = String::new();
        if let Some(Program { path, copy: Some(copy) }) = &self.program {
            let verb = if copy.replaces { "replaced by" } else { "made:" };
            let (path, from, size) = (path.display(), copy.from.display(), copy.size());
            text.push_str(&words::clean_lines(&format!("{path}\n  {verb} a copy of {from}, {size} bytes\n")));
        }
        for change in &self.changes {
            text.push_str(&difference::of_file(&change.source, Some(&change.after)));
        }
        text
    }

    fn make(&self, places: &Places, mut receipt: Receipt) -> Result<(), CommandError> {
        make_dirs(places.data())?;
        let at = places.receipt();
        if let Some(Program { path, copy: Some(copy) }) = &self.program {
            receipt.program = Some(copy.receipt(path));
            receipt.save(&at)?;
            copy.make(path)?;
        }
        let stamp = difference::stamp();
        for change in &self.changes {
            let path = change.source.path.clone();
            let backup = change.clone().make(&mut receipt, &at, &stamp)?;
            let kept = backup.map(|backup| format!("; as it was: {}", backup.display())).unwrap_or_default();
            say(&format!("wrote {}{kept}", path.display()));
        }
        Ok(())
    }
}
