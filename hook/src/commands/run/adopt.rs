//! `baton run adopt`.

use std::io::{IsTerminal, Write};

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use clap::Args;

use crate::commands::caller::Place;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::run::lookup::find;
use crate::commands::run::outcome::said;
use crate::words;

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
        let run = find(&context, &self.run)?;
        let Place { session, process, how } = Place::find(&context, self.session.as_ref())?;
        let command = |force, take| Command::Adopt {
            run: run.clone(),
            session: session.clone(),
            process: process.clone(),
            force,
            take,
        };
        let mut done = context.perform(command(self.force, false))?;
        match done.decision.reason {
            Reason::OwnerAlive | Reason::OwnerUnverifiable if self.take => {
                // Whom it is taken from is said before that is done.
                eprintln!("baton: {}; its number is old from now on", words::clean(&done.owner_words(&context)));
                done = context.perform(command(self.force, true))?;
            }
            Reason::OwnerUnverifiable if ask(&done.owner_words(&context))? => {
                done = context.perform(command(true, false))?;
            }
            _ => {}
        }
        said(&context, &done, Reason::Adopted, self.json, |run| {
            format!(
                "run {} ({}) is owned by session {session}{how} now, number {}\n",
                run.name.as_str(),
                run.id,
                run.fence
            )
        })
    }
}

/// Asks a person at a terminal; nobody else can say yes.
fn ask(owner: &str) -> Result<bool, CommandError> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(false);
    }
    write!(std::io::stderr(), "{owner}, and nobody can tell whether it lives. Adopt the run all the same? [y/N] ")
        .map_err(CommandError::Output)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(CommandError::Input)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
