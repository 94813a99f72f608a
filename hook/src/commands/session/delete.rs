//! `baton session delete`.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use baton_display::{pane_label, strip_control_chars};
use clap::Args;

use crate::args::session::matching_sessions;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_engine::retention::{Deletion, delete};

/// Move a session to the trash. Only `baton session restore` brings it back. The agent's own transcript stays where
/// it is.
#[derive(Args)]
pub struct Delete {
    /// Full session id
    session: String,
    /// Delete the session even if baton cannot tell whether it is alive
    #[arg(long)]
    force: bool,
}

impl Delete {
    /// Deletes the session.
    ///
    /// # Errors
    /// Refused if the session is alive or owns an unfinished run. Also fails if it is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = parse_full_id(&context, &self.session, "delete")?;
        let kept = context.retention()?.trash;
        let mut locked = context.lock()?;
        let liveness = context.liveness_check();
        let deletion = delete(&mut locked, &id, &context.now(), self.force, |session| liveness.session(session).live)?;
        drop(locked);
        match deletion {
            Deletion::Done => output::print(&format!(
                "session {id} is in the trash and will be removed after {}; `baton session restore {id}` restores it\n",
                kept
            )),
            Deletion::Already => output::print(&format!("session {id} is already in the trash\n")),
            Deletion::Missing => Err(CommandError::not_found(format!("no session has the id {id}"))),
            Deletion::OwnsRun(session) => {
                let runs: Vec<&str> = session.runs.iter().map(|run| run.as_str()).collect();
                Err(CommandError::refused(format!("{id} owns the unfinished run {}", runs.join(", ")))
                    .hint(format!("end it first: `baton run cancel {}`", runs.first().unwrap_or(&"RUN"))))
            }
            Deletion::Lives(session, live) => {
                let shown = session.launches.iter().rev().find(|launch| launch.ended.is_none());
                let place = shown.map_or_else(String::new, |launch| {
                    format!(" in {} (pid {})", pane_label(&launch.pane), launch.process.pid)
                });
                match live {
                    Live::Yes => {
                        Err(CommandError::refused(format!("{id} is alive{place}")).hint("exit it there first"))
                    }
                    Live::No | Live::Unknown => {
                        Err(CommandError::refused(format!("baton cannot tell whether {id} is alive{place}"))
                            .hint("if you know that it is not, add --force"))
                    }
                }
            }
        }
    }
}

/// Returns the session with this whole id, for a command that requires it, because a name or a part of an id may mean
/// another session later.
pub(super) fn parse_full_id(context: &Context, text: &str, command: &str) -> Result<SessionId, CommandError> {
    let id = text.parse::<SessionId>();
    if let Ok(id) = &id
        && context.knows_session(id)?
    {
        return Ok(id.clone());
    }
    let shown = strip_control_chars(text);
    let store = context.store();
    let known = [Location::Live, Location::Archive, Location::Trash].map(|location| store.sessions(location));
    let mut meant = known.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    meant.retain(|known| known.as_str().starts_with(text));
    if meant.is_empty() {
        meant = matching_sessions(context, text)?;
    }
    match meant.as_slice() {
        // The caller says what an id that nothing has means for it.
        [] => id.map_err(|why| {
            CommandError::not_found(format!("{shown:?} {why}")).hint("`baton session list --all` lists the sessions")
        }),
        [meant] => Err(CommandError::not_found(format!("{shown:?} is not the whole id of a session"))
            .hint(format!("`baton session {command} {meant}` names the whole id"))),
        several => Err(CommandError::ambiguous(
            format!("{} sessions match {shown:?}", several.len()),
            several.iter().map(|id| format!("  {id}")).collect(),
        )),
    }
}
