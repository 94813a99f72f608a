//! Determines who calls a command: the session and process, and what they may do.

use agent_baton_core::fence::Fence;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::request::Caller;
use agent_baton_core::session::Session;
use baton_display::pane_label;

use crate::context::Context;
use crate::error::CommandError;
use baton_engine::session_status::has_conversation;

/// Returns the caller of a command that only a run's owner may use.
#[must_use]
pub fn caller(context: &Context, fence: Option<Fence>) -> Caller {
    let lineage = context.inspector().lineage();
    Caller {
        fence,
        session: lineage.as_ref().and_then(|lineage| lineage.session.clone()),
        ancestors: lineage
            .map(|lineage| lineage.ancestors.into_iter().map(|(_, process)| process).collect())
            .unwrap_or_default(),
        supervisor_claim: context.inspector().supervisor_claim(None),
    }
}

/// The launch that a command applies to.
pub struct TargetLaunch {
    /// Its session.
    pub session: SessionId,
    /// Its process.
    pub process: Process,
    /// How it was found, for a user who did not name it.
    pub resolved_by: &'static str,
}

impl TargetLaunch {
    /// Returns the launch of the named session, or else of the agent that called the command, or else of the only
    /// live session of this project. If the session has several launches, it is the one that called the command, or
    /// else the only live one.
    ///
    /// # Errors
    /// Returns an error if no session or launch fits, or if several fit. The error lists them.
    pub fn resolve(context: &Context, named: Option<&SessionId>) -> Result<Self, CommandError> {
        let above = || context.inspector().lineage().and_then(|lineage| lineage.session);
        let (session, resolved_by) = match named.cloned().or_else(above) {
            Some(id) => (context.session(&id)?.0, ""),
            None => (only_live_session(context)?, " (the only live session of this project)"),
        };
        let process = live_process(context, &session)?;
        Ok(Self { session: session.id, process, resolved_by })
    }
}

fn live_process(context: &Context, session: &Session) -> Result<Process, CommandError> {
    let ancestors = context.inspector().lineage().map(|lineage| lineage.ancestors).unwrap_or_default();
    let shown = session.launches.iter().filter(|launch| launch.ended.is_none());
    if let Some(launch) = shown.clone().find(|launch| ancestors.iter().any(|(_, process)| *process == launch.process)) {
        return Ok(launch.process.clone());
    }
    let liveness = context.liveness_check();
    let living: Vec<_> =
        session.launches.iter().filter(|launch| liveness.launch(session, launch).live == Live::Yes).collect();
    match living.as_slice() {
        [launch] => Ok(launch.process.clone()),
        [] => Err(no_live_process(session, liveness.session(session).live)),
        _ => Err(CommandError::ambiguous(
            format!("session {} has {} live processes", session.id, living.len()),
            living
                .iter()
                .map(|launch| format!("  pid {} in {}", launch.process.pid, pane_label(&launch.pane)))
                .collect(),
        )
        .hint("run this command from a tool of one of them")),
    }
}

fn no_live_process(session: &Session, live: Live) -> CommandError {
    if live == Live::Unknown {
        return CommandError::refused(format!("baton cannot tell whether session {} is running", session.id)).hint(
            format!(
                "if you know that it is not, `baton resume {} --force` resumes it; or choose another session with --session",
                session.id
            ),
        );
    }
    let error = CommandError::not_found(format!("session {} has no live process", session.id));
    if has_conversation(session) {
        return error
            .hint(format!("`baton resume {}` resumes it, or choose another session with --session", session.id));
    }
    error.hint("choose another session with --session")
}

fn only_live_session(context: &Context) -> Result<Session, CommandError> {
    let mut living = context.project_sessions()?;
    let liveness = context.liveness_check();
    living.retain(|session| liveness.session(session).live == Live::Yes);
    match living.len() {
        1 => living.pop().ok_or_else(|| CommandError::bug("a session was lost")),
        0 => Err(CommandError::not_found("this project has no live session")
            .hint("start an agent here, or choose a session with --session")),
        several => Err(CommandError::ambiguous(
            format!("this project has {several} live sessions"),
            living.iter().map(|session| format!("  {}  {}", session.id, session.agent)).collect(),
        )
        .hint("choose one with --session")),
    }
}
