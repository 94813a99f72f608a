//! `baton hook`: one event on its way.
//!
//! **Architecture invariant.** Which core decides is fixed when the program is built: nothing that is passed to it names another.

mod maintenance;
mod pipeline;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::event::EventName;
use agent_baton_core::timestamp::Timestamp;
use clap::{Args, ValueEnum};
use pipeline::EventPipeline;

use crate::context::{here, inspector, with_user_config};
use baton_agents::raw_event::{RawEvent, RawEventError, ReadLimits};
use baton_agents::{DISABLE_VARIABLE, PayloadError, spec};
use baton_core_host::{Core, CoreError};
use baton_display::warn;
use baton_engine::config::Settings;
use baton_engine::decide::{DecisionError, DecisionService, audit_core_failure};
use baton_engine::retention::SweepError;
use baton_store::{LockError, StateDir, StateDirEnv, StateDirError, Store, StoreError};
use baton_system::SystemError;

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
    /// What Codex hands its notify program: a heartbeat of a thread that is known, in place of an event on standard input
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
enum InvalidEvent {
    #[error(transparent)]
    Event(#[from] RawEventError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("{0} has no notify program: its hooks write an event on stdin. Leave the last argument out")]
    NoNotification(Agent),
}

/// What failed in baton or its state. Exit 0: the agent goes on.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the core failed: {0}. This is a fault of baton")]
    Core(#[from] CoreError),
    #[error(transparent)]
    DecisionService(#[from] DecisionError),
    #[error(transparent)]
    Maintenance(#[from] SweepError),
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
        match take_event(self.agent.into(), self.notification, load) {
            Ok(Ok(())) => 0,
            Ok(Err(failed)) => {
                warn(&failed.to_string());
                0
            }
            Err(bad) => {
                warn(&bad.to_string());
                1
            }
        }
    }
}

/// Whether this process inherited the variable, with whatever value: a repository can change it, and only where it stands at all is it
/// worth asking how the agent was started.
fn has_disable_variable() -> bool {
    std::env::var_os(DISABLE_VARIABLE).is_some()
}

/// Leaves a line in the audit that the core failed. What went wrong is said on stderr all the same.
fn log_failure(store: &Store, now: &Timestamp) {
    if let Ok(mut locked) = store.lock(Instant::now() + LOCK_WAIT, now) {
        let _ = audit_core_failure(&mut locked, now);
    }
}

fn take_event(
    agent: Agent,
    notification: Option<String>,
    load: impl FnOnce() -> Result<Core, CoreError>,
) -> Result<Result<(), HookError>, InvalidEvent> {
    let begun = Instant::now();
    let notified = notification.is_some();
    let (raw, said) = match notification {
        None => {
            let raw = RawEvent::read(io::stdin(), ReadLimits::default())?;
            let said = spec(agent).parse(&raw)?;
            (raw, said)
        }
        Some(text) => {
            let raw = RawEvent::from_argument(text);
            let said = spec(agent).parse_notification(&raw).ok_or(InvalidEvent::NoNotification(agent))??;
            (raw, said)
        }
    };
    if said.name == EventName::Other || said.session.is_none() || said.subagent {
        return Ok(Ok(()));
    }
    let question = said.question;
    let pass = || {
        let here = here()?;
        let inspector = inspector(here);
        let process = inspector.agent_process(agent);
        if has_disable_variable() && process.as_ref().is_some_and(|stat| inspector.is_disabled_by_user(agent, stat)) {
            return Ok(());
        }
        let event = inspector.build_event(agent, &raw, said, process.as_ref());
        let directory = event.cwd.as_ref().map(PathBuf::from);
        let env = StateDirEnv::from_process();
        let home = StateDir::resolve(&env, directory.as_deref(), &here.place)?;
        let settings = Settings::new(env, with_user_config, directory);
        let store = Store::open(&home, &here.place);
        let core = load().inspect_err(|_| log_failure(&store, &inspector.now()))?;
        let decider = DecisionService { store: &store, core: &core, inspector: &inspector, settings: &settings };
        let pipeline = EventPipeline { decider, process, question, raw: (!notified).then_some(&raw), begun };
        if notified { pipeline.handle_notification(&event) } else { pipeline.handle(event) }
    };
    Ok(pass())
}
