//! `baton run adopt`.

use std::io::{IsTerminal, Write};

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use clap::Args;

use crate::args;
use crate::args::caller::TargetLaunch;
use crate::context::Context;
use crate::output;
use crate::output::error::CommandError;
use crate::output::run_result::print_result;

/// Gives a run to a session.
#[derive(Args)]
pub struct Adopt {
    /// The run: its id, the beginning of it, or its name
    run: String,
    /// The session that shall own it; else the one of the agent above, or the one living session of this project
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Adopt it although nobody can tell whether its owner lives
    #[arg(long)]
    force: bool,
    /// Adopt it although its owner lives: the owner's number is old from then on
    #[arg(long)]
    take: bool,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Adopt {
    /// Gives the run to the session.
    ///
    /// # Errors
    /// Refused where its owner lives or may live, where it is over, or where the session owns another; not found.
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
                // Whom it is taken from is print_result before that is done.
                output::notice(&format!("{}; its number is old from now on", done.describe_owner(&context)));
                done = context.decide(command(self.force, true))?;
            }
            Reason::OwnerUnverifiable if confirm_unverifiable(&done.describe_owner(&context))? => {
                done = context.decide(command(true, false))?;
            }
            _ => {}
        }
        print_result(&context, &done, Reason::Adopted, self.json, |run| {
            format!(
                "run {} ({}) is owned by session {session}{resolved_by} now, number {}\n",
                run.name.as_str(),
                run.id,
                run.fence
            )
        })
    }
}

/// Asks a user at a terminal; nobody else can say yes.
fn confirm_unverifiable(owner: &str) -> Result<bool, CommandError> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(false);
    }
    write!(std::io::stderr(), "{owner}, and nobody can tell whether it lives. Adopt the run all the same? [y/N] ")
        .map_err(CommandError::Output)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(CommandError::Input)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
