//! `baton hook`: handles one event of an agent.
//!
//! [`handle_event`] shows the stages in order, and each stage has a file. Nearly every event is a heartbeat of a
//! launch that baton knows. Such an event ends in the fast path, which takes no lock, renames nothing, syncs nothing,
//! lists no directory and reads no configuration. It only appends one line to the session's log. Every other event is
//! decided under the lock. No failure of baton fails the agent: the hook writes one line to stderr and exits with 0.
//!
//! **Architecture invariant.** The core that decides is fixed when the program is built. Nothing passed to the
//! program can select another.

mod decide;
mod error;
mod event_context;
mod fast_path;
mod gather;
mod identify;
mod inbox;
mod maintenance;
mod reply;
#[cfg(test)]
mod tests;
mod time_limit;

use std::ffi::OsString;
use std::time::Instant;

use agent_baton_core::agent::Agent;
use baton_core_host::{Core, CoreError};
use baton_display::warn;
use clap::Args;

use crate::args::agent;
use baton_system::here;

use crate::context::inspector;
use crate::hint::Advice;
use error::HookError;
use event_context::{EventContext, State};
use fast_path::Handled;
use time_limit::TimeLimit;

/// Handle one event of an agent.
#[derive(Args)]
pub struct Hook {
    /// Agent that calls the hook
    #[arg(long, value_parser = agent::parser())]
    agent: Agent,
    /// Argument that an agent passes to its notify program; it replaces the event on standard input
    #[arg(value_name = "NOTIFICATION")]
    notification: Option<String>,
}

impl Hook {
    /// Parses the command line that the agents use. Building clap's parser costs a tenth of the whole fast path.
    #[must_use]
    pub fn from_plain_arguments(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        arguments.next()?;
        let words = [arguments.next()?, arguments.next()?, arguments.next()?];
        let [hook, flag, name] = words.each_ref().map(|word| word.to_str());
        if arguments.next().is_some() || hook? != "hook" || flag? != "--agent" {
            return None;
        }
        Agent::from_name(name?).map(|agent| Self { agent, notification: None })
    }

    /// Handles the event and returns the exit status.
    #[must_use]
    pub fn run(self) -> u8 {
        self.run_with(Core::load, Some(&TimeLimit::start()))
    }

    /// Like [`run`](Self::run). Tests with a core that never returns have no time limit.
    fn run_with(self, load_core: impl FnOnce() -> Result<Core, CoreError>, limit: Option<&TimeLimit>) -> u8 {
        match handle_event(self, load_core, limit) {
            Ok(()) => 0,
            Err(error) => {
                warn(&error.in_one_line());
                error.exit_status()
            }
        }
    }
}

/// Handles one event, stage by stage.
fn handle_event(
    hook: Hook,
    load_core: impl FnOnce() -> Result<Core, CoreError>,
    limit: Option<&TimeLimit>,
) -> Result<(), HookError> {
    let started = Instant::now();
    let Some((received, parsed)) = identify::receive(hook.agent, hook.notification)? else { return Ok(()) };
    let inspector = inspector(here()?);
    let Some((mut event, process)) = identify::identify(&inspector, &received, parsed) else { return Ok(()) };
    let state = State::open(&inspector, &event)?;
    let core = state.load_core(&inspector, load_core)?;
    let records = state.records(&inspector);
    let cx = EventContext::new(&state, &records, &core, &inspector, &received, process.as_ref(), started);
    if event.process.is_none() || fast_path::try_handle(&cx, &event)? == Handled::Yes || received.is_notification() {
        return Ok(());
    }
    let facts = gather::gather(&cx, &mut event, limit);
    let mut locked = match cx.lock() {
        Err(error) if error.is_contended() => return inbox::defer(&cx, event, &facts),
        locked => locked?,
    };
    inbox::drain(&cx, &mut locked, &facts.probes);
    let outcome = match decide::decide(&cx, &mut locked, &event, &facts) {
        Err(error) if error.is_contended() => {
            drop(locked);
            return inbox::defer(&cx, event, &facts);
        }
        outcome => outcome?,
    };
    let reports = locked.take_reports();
    drop(locked);
    reply::send(&cx, &event, &outcome, &facts, &reports)?;
    maintenance::run(&cx.service, event.name, outcome.audit)
}
