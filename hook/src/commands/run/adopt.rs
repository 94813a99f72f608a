//! `baton run adopt`.

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use clap::Args;

use crate::args;
use crate::args::caller::TargetLaunch;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::run_result::{print_result, run_label};

/// Move a run to another session.
#[derive(Args)]
pub struct Adopt {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Session that takes over the run [default: the calling agent's session, or the only live session of this
    /// project]
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Adopt the run even if baton cannot tell whether its owner is alive
    #[arg(long)]
    force: bool,
    /// Take the run from a live owner; the owner's fence becomes stale
    #[arg(long)]
    take: bool,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Adopt {
    /// Moves the run to the session.
    ///
    /// # Errors
    /// Refused if the run's owner is alive or might be, if the run has ended, or if the session owns another run.
    /// Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let TargetLaunch { session, process, resolved_by } = TargetLaunch::resolve(&context, self.session.as_ref())?;
        let command = |force, take| Command::Adopt {
            run: run.clone(),
            session: session.clone(),
            process: process.clone(),
            force,
            take,
        };
        let mut done = context.decide(command(self.force, false))?;
        match done.decision.reason {
            Reason::OwnerAlive | Reason::OwnerUnverifiable if self.take => {
                // Print the owner before the run is taken from it.
                output::notice(&format!("{}; the owner's fence becomes stale", done.describe_former_owner(&context)));
                done = context.decide(command(self.force, true))?;
            }
            Reason::OwnerUnverifiable => {
                let owner = done.describe_owner(&context);
                let question = || {
                    format!(
                        "{owner}, and baton cannot tell whether it is alive; if it is, it can no longer update the run. Adopt the run \
                         anyway?"
                    )
                };
                if output::confirm_at_terminal(question)? {
                    done = context.decide(command(true, false))?;
                }
            }
            _ => {}
        }
        print_result(&context, &done, Reason::Adopted, self.json, |run| {
            format!("{} is now owned by session {session}{resolved_by} (fence {})\n", run_label(run), run.fence)
        })
    }
}
