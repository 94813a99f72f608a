//! `baton session delete`.

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use clap::Args;

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
        let id = parse_full_id(&self.session)?;
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
                    format!(" in {} (pid {})", baton_display::pane_label(&launch.pane), launch.process.pid)
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

/// Parses a complete id. Deleting requires it, because a prefix may match another session later.
pub(super) fn parse_full_id(text: &str) -> Result<SessionId, CommandError> {
    text.parse().map_err(|why| {
        CommandError::not_found(format!("{:?} {why}", baton_display::strip_control_chars(text)))
            .hint("`baton session list --all` lists the ids")
    })
}
