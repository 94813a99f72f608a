//! Who calls a command: for which session and process, and with what right.

use agent_baton_core::fence::Fence;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::request::Caller;
use agent_baton_core::session::Session;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::words;

/// The caller of a command that only a run's owner may give.
#[must_use]
pub fn caller(context: &Context, fence: Option<Fence>) -> Caller {
    let lineage = context.lineage();
    Caller {
        fence,
        session: lineage.as_ref().and_then(|lineage| lineage.session.clone()),
        ancestors: lineage
            .map(|lineage| lineage.ancestors.into_iter().map(|(_, process)| process).collect())
            .unwrap_or_default(),
        beneath: context.beneath(),
    }
}

/// The launch that a command is about.
pub struct Place {
    /// Its session.
    pub session: SessionId,
    /// Its process.
    pub process: Process,
    /// How it was found, for the person, where they did not name it.
    pub how: &'static str,
}

impl Place {
    /// The launch of the session that was named; else of the agent above the caller; else of the one living session of this
    /// project. Of several launches it is the one above the caller, else the only one that lives.
    ///
    /// # Errors
    /// Not found; or several fit, and are listed.
    pub fn find(context: &Context, named: Option<&SessionId>) -> Result<Self, CommandError> {
        let above = || context.lineage().and_then(|lineage| lineage.session);
        let (session, how) = match named.cloned().or_else(above) {
            Some(id) => (context.session(&id)?.0, ""),
            None => (only_living(context)?, " (the one living session of this project)"),
        };
        let process = process(context, &session)?;
        Ok(Self { session: session.id, process, how })
    }
}

fn process(context: &Context, session: &Session) -> Result<Process, CommandError> {
    let ancestors = context.lineage().map(|lineage| lineage.ancestors).unwrap_or_default();
    let shown = session.launches.iter().filter(|launch| launch.ended.is_none());
    if let Some(launch) = shown.clone().find(|launch| ancestors.iter().any(|(_, process)| *process == launch.process)) {
        return Ok(launch.process.clone());
    }
    let census = context.census();
    let living: Vec<_> =
        session.launches.iter().filter(|launch| census.launch(session, launch).live == Live::Yes).collect();
    match living.as_slice() {
        [launch] => Ok(launch.process.clone()),
        [] => Err(CommandError::NotFound(format!(
            "no living process shows session {}; resume it, or name another with --session",
            session.id
        ))),
        _ => Err(CommandError::Ambiguous {
            what: format!(
                "{} living processes show session {}; call from beneath one of them",
                living.len(),
                session.id
            ),
            candidates: living
                .iter()
                .map(|launch| format!("  pid {} in {}", launch.process.pid, words::pane(&launch.pane)))
                .collect::<Vec<_>>()
                .join("\n"),
        }),
    }
}

fn only_living(context: &Context) -> Result<Session, CommandError> {
    let mut living = context.project_sessions()?;
    let census = context.census();
    living.retain(|session| census.session(session).live == Live::Yes);
    match living.len() {
        1 => living.pop().ok_or(CommandError::CoreSilent),
        0 => Err(CommandError::NotFound(
            "no living session of this project is known; start an agent here, or name a session with --session"
                .to_owned(),
        )),
        several => Err(CommandError::Ambiguous {
            what: format!("{several} sessions of this project live; name one with --session"),
            candidates: living
                .iter()
                .map(|session| format!("  {}  {}", session.id, session.agent))
                .collect::<Vec<_>>()
                .join("\n"),
        }),
    }
}
