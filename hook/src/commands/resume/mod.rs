//! `baton resume`: runs the agents' own resume commands after a crash, a closed terminal or a reboot.
//!
//! A session is resumed once. Before its window opens, its record gets a claim, under the lock. The claim holds while
//! the started process lives, until the agent announces itself.

mod claim;
mod plan;
mod users_word;

use std::collections::BTreeSet;

use baton_display::{error_chain, format_count, strip_control_chars};

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::session::Session;
use clap::Args;

use crate::args::session::{current_project, resolve_with_last};
use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use baton_engine::session_status::has_conversation;
use baton_status::{ListedSession, Overview};
use claim::ResumeClaim;
use plan::{Resumable, Scope, claim_liveness, plan};
use users_word::RISK;

/// Resume sessions after a crash, a closed terminal or a reboot.
#[derive(Args)]
pub struct Resume {
    /// Session id or a unique part of it, its name, or "last" [default: all lost sessions]
    #[arg(value_name = "ID", conflicts_with = "lost")]
    id: Option<String>,
    /// All lost sessions (the default): their processes are gone, and you did not leave them
    #[arg(long)]
    lost: bool,
    /// Only sessions of the current project
    #[arg(long)]
    here: bool,
    /// Open a tmux window for each session instead of printing its command
    #[arg(long)]
    tmux: bool,
    /// Resume the session even if baton cannot tell whether it is running: you know that it is not
    #[arg(long, requires = "id")]
    force: bool,
    /// Print what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Resume {
    /// Prints the commands, or opens the windows.
    ///
    /// # Errors
    /// Returns an error if no session matches, if several match, if the named session is alive or might be, or if a
    /// window could not be opened.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let (scope, seen) = match &self.id {
            Some(text) => {
                let can_resume = |seen: &ListedSession| has_conversation(&seen.session);
                let id = resolve_with_last(&context, text, self.here, &can_resume)?;
                let (session, archived) = context.session(&id)?;
                let seen = context.session_reader().assess(session, archived);
                let (forced, seen) = self.ask_user(&context, seen)?;
                (Scope::Named { forced }, vec![seen])
            }
            None => (Scope::Lost, self.all(&context)?),
        };
        let (resumable, mut left) = plan(&context, &scope, seen);
        if matches!(scope, Scope::Named { .. })
            && let Some(why) = left.pop()
        {
            return Err(why);
        }
        left.iter().for_each(|why| output::notice(&why.in_one_line()));
        if resumable.is_empty() {
            return output::print("no sessions to resume\n");
        }
        if self.tmux && !self.dry_run {
            return open(&context, &scope, &resumable);
        }
        let mut servers = BTreeSet::new();
        let line =
            |session: &Resumable| if self.tmux { session.tmux_command(&mut servers) } else { session.shell_command() };
        output::print(&resumable.iter().map(line).map(|line| line + "\n").collect::<String>())
    }

    /// Takes the user's word, by `--force` or at the terminal, where nobody else can know whether the session is running.
    fn ask_user(&self, context: &Context, seen: ListedSession) -> Result<(bool, ListedSession), CommandError> {
        if !users_word::is_needed(context, &seen) {
            return Ok((false, seen));
        }
        let question =
            || format!("baton cannot tell whether session {} is running; {RISK}. Resume it anyway?", seen.session.id);
        if !(self.force || (!self.dry_run && output::confirm_at_terminal(question)?)) {
            return Ok((false, seen));
        }
        Ok((true, users_word::take(context, seen, self.dry_run)?))
    }

    fn all(&self, context: &Context) -> Result<Vec<ListedSession>, CommandError> {
        let Overview { mut sessions, unreadable, .. } = context.session_reader().overview()?;
        for (id, _) in unreadable {
            output::notice(&format!("{id} cannot be read and was skipped"));
        }
        // The user does not want to see them.
        sessions.retain(|seen| !seen.is_dismissed);
        if self.here {
            let project = current_project()?;
            sessions.retain(|seen| seen.session.project.as_ref() == Some(&project));
        }
        Ok(sessions)
    }
}

/// Prints the command that resumes a session, or opens a window for it.
///
/// # Errors
/// Returns an error if the session is alive or might be, or if the window could not be opened.
pub fn resume_one(context: &Context, id: &SessionId, tmux: bool) -> Result<(), CommandError> {
    let (session, archived) = context.session(id)?;
    let seen = context.session_reader().assess(session, archived);
    let scope = Scope::Named { forced: false };
    let (resumable, mut left) = plan(context, &scope, vec![seen]);
    if let Some(why) = left.pop() {
        return Err(why);
    }
    if tmux {
        return open(context, &scope, &resumable);
    }
    output::print(&resumable.iter().map(|session| session.shell_command() + "\n").collect::<String>())
}

/// Returns whether an agent was started for a session and has not announced itself yet.
#[must_use]
pub fn is_being_resumed(context: &Context, session: &Session) -> bool {
    session.resuming.as_ref().is_some_and(|mark| claim_liveness(context, mark) != Live::No)
}

/// What happened to one session.
enum Outcome {
    /// Its window is open.
    Opened,
    /// The session changed after it was judged.
    Changed,
    /// Its window could not be opened, and the error was printed.
    Failed,
}

/// Opens a window for each session. A failure does not stop the others.
fn open(context: &Context, scope: &Scope, resumable: &[Resumable]) -> Result<(), CommandError> {
    let mut failed = 0;
    for session in resumable {
        match open_one(context, session) {
            Ok(Outcome::Opened) => {}
            Ok(Outcome::Changed) => {
                let left = format!("session {} changed in the meantime and was skipped", session.id());
                match scope {
                    Scope::Named { .. } => return Err(CommandError::refused(left)),
                    Scope::Lost => output::notice(&left),
                }
            }
            Ok(Outcome::Failed) => failed += 1,
            Err(error) => {
                failed += 1;
                output::notice(&format!("session {}: {}", session.id(), strip_control_chars(&error.in_one_line())));
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(CommandError::failed(format!("{} could not be resumed", format_count(failed, "session", "sessions")))),
    }
}

/// Opens the window of one session.
fn open_one(context: &Context, session: &Resumable) -> Result<Outcome, CommandError> {
    let Some(claim) = ResumeClaim::acquire(context, session)? else { return Ok(Outcome::Changed) };
    let why = match session.open() {
        Ok(opened) => {
            let unnoted =
                |_: &CommandError| output::notice(&format!("session {}: see pane {}", session.id(), opened.pane));
            if claim.record_process(context, &opened).inspect_err(unnoted)? {
                output::print(&format!("session {} is resumed in pane {}\n", session.id(), opened.pane))?;
                return Ok(Outcome::Opened);
            }
            format!(
                "the window of session {} closed at once; try it yourself: {}",
                session.id(),
                session.shell_command()
            )
        }
        Err(error) => format!("session {}: {}", session.id(), strip_control_chars(&error_chain(&error))),
    };
    output::notice(&why);
    claim.release(context)?;
    Ok(Outcome::Failed)
}
