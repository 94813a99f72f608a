//! `baton hook`: one event on its way.
//!
//! **Architecture invariant.** Which core decides is fixed when the program is built: nothing that is passed to it names another.

mod chores;
#[cfg(test)]
mod tests;
mod way;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::event::EventName;
use agent_baton_core::stamp::Stamp;
use clap::{Args, ValueEnum};
use way::Way;

use crate::agents::{DISABLE, PayloadError, row};
use crate::commands::context::{here, of_person, witness};
use crate::config::Settings;
use crate::core::{Core, CoreError};
use crate::decider::{Decider, DeciderError, core_failed};
use crate::event::{EventError, Limits, RawEvent};
use crate::machine::{Machine, MachineError, This};
use crate::retention::ShareError;
use crate::store::{Env, Home, HomeError, LockError, Store, StoreError};
use crate::words::say;

/// How long an event waits for the lock. Codex gives a SessionEnd hook one second in all.
const LOCK_WAIT: Duration = Duration::from_millis(400);

/// After how many seconds the hook ends whatever it is doing, with status 0: a file system that hangs must not hold up the agent.
/// Only where the command of a loop is run it may take longer.
const ALARM_SECONDS: u32 = 2;

/// Takes one event of an agent.
#[derive(Args)]
pub struct Hook {
    /// The agent that calls
    #[arg(long, value_enum)]
    agent: AgentName,
    /// What Codex hands its notify program: a sign of life of a thread that is known, in place of an event on standard input
    #[arg(value_name = "NOTIFICATION")]
    notification: Option<String>,
}

/// An agent, as it is named on the command line.
#[derive(Clone, Copy, ValueEnum)]
pub enum AgentName {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
}

impl From<AgentName> for Agent {
    fn from(name: AgentName) -> Self {
        match name {
            AgentName::Claude => Self::Claude,
            AgentName::Codex => Self::Codex,
        }
    }
}

/// What is wrong with the event itself. Exit 1, so that the agent shows it: the hook was wired wrongly.
#[derive(Debug, thiserror::Error)]
enum BadEvent {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("{0} has no notify program: its hooks write an event on stdin. Leave the last argument out")]
    NoNotification(Agent),
}

/// What failed in baton or its state. Exit 0: the agent goes on.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error(transparent)]
    Machine(#[from] MachineError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the core failed: {0}. This is a fault of baton")]
    Core(#[from] CoreError),
    #[error(transparent)]
    Decider(#[from] DeciderError),
    #[error(transparent)]
    Chores(#[from] ShareError),
    #[error("cannot write the reply: {0}")]
    Reply(#[source] io::Error),
}

impl Hook {
    /// The hook as the agents call it. Taking the command line apart with clap costs a tenth of the whole fast path.
    #[must_use]
    pub fn from_plain_arguments(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        arguments.next()?;
        let words = [arguments.next()?, arguments.next()?, arguments.next()?];
        let [hook, flag, name] = words.each_ref().map(|word| word.to_str());
        if arguments.next().is_some() || hook? != "hook" || flag? != "--agent" {
            return None;
        }
        AgentName::from_str(name?, false).ok().map(|agent| Self { agent, notification: None })
    }

    /// Takes the event; gives the exit status.
    #[must_use]
    pub fn run(self) -> u8 {
        // Where the signal cannot be caught, its default ends the hook all the same.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal_hook::consts::SIGALRM,
            0,
            Arc::new(AtomicBool::new(true)),
        );
        nix::unistd::alarm::set(ALARM_SECONDS);
        self.status(Core::load)
    }

    /// The same with no end by time: how long a core takes that never decides is a matter of the machine.
    fn status(self, load: impl FnOnce() -> Result<Core, CoreError>) -> u8 {
        match take(self.agent.into(), self.notification, load) {
            Ok(Ok(())) => 0,
            Ok(Err(failed)) => {
                say(&failed.to_string());
                0
            }
            Err(bad) => {
                say(&bad.to_string());
                1
            }
        }
    }
}

/// Whether this process inherited the variable, with whatever value: a repository can change it, and only where it stands at all is it
/// worth asking how the agent was started.
fn is_named_in_environment() -> bool {
    std::env::var_os(DISABLE).is_some()
}

/// Leaves a line in the audit that the core failed. What went wrong is said on stderr all the same.
fn log_failure(store: &Store, now: &Stamp) {
    if let Ok(mut locked) = store.lock(Instant::now() + LOCK_WAIT, now) {
        let _ = core_failed(&mut locked, now);
    }
}

fn take(
    agent: Agent,
    notification: Option<String>,
    load: impl FnOnce() -> Result<Core, CoreError>,
) -> Result<Result<(), HookError>, BadEvent> {
    let begun = Instant::now();
    let notified = notification.is_some();
    let (raw, said) = match notification {
        None => {
            let raw = RawEvent::read(io::stdin(), Limits::default())?;
            let said = row(agent).parse(&raw)?;
            (raw, said)
        }
        Some(text) => {
            let raw = RawEvent::given(text);
            let said = row(agent).parse_notification(&raw).ok_or(BadEvent::NoNotification(agent))??;
            (raw, said)
        }
    };
    if said.name == EventName::Other || said.session.is_none() || said.subagent {
        return Ok(Ok(()));
    }
    let question = said.question;
    let pass = || {
        let here = here()?;
        let witness = witness(here);
        let process = witness.agent_process(agent);
        if is_named_in_environment() && process.as_ref().is_some_and(|stat| witness.is_disabled_by_person(agent, stat))
        {
            return Ok(());
        }
        let event = witness.event(agent, &raw, said, process.as_ref());
        let directory = event.cwd.as_ref().map(PathBuf::from);
        let env = Env::of_process();
        let home = Home::resolve(&env, directory.as_deref(), &here.place)?;
        let settings = Settings::new(env, of_person, directory);
        let store = Store::open(&home, &here.place);
        let core = load().inspect_err(|_| log_failure(&store, &This.now(&here.place)))?;
        let decider =
            Decider { store: &store, core: &core, machine: &This, here, witness: &witness, settings: &settings };
        let way = Way { decider, process, question, raw: (!notified).then_some(&raw), begun };
        if notified { way.heed(&event) } else { way.go(event) }
    };
    Ok(pass())
}
