//! `baton run start`.

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use agent_baton_core::run::RunName;
use clap::Args;

use crate::commands::caller::Place;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::run::outcome::{Phase, said};

/// Starts a run that a session owns.
#[derive(Args)]
pub struct Start {
    /// What the run is called: 1 to 64 printable characters
    name: RunName,
    /// The session that owns it; else the one of the agent above, or the one living session of this project
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Where it stands, in your words
    #[arg(long, value_name = "TEXT")]
    phase: Option<Phase>,
    /// How often it may go round
    #[arg(long, value_name = "N")]
    max_iterations: Option<u32>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Start {
    /// Starts it.
    ///
    /// # Errors
    /// Refused where the session owns an unfinished run; not found where no session, or no single living launch, fits.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let Place { session, process, how } = Place::find(&context, self.session.as_ref())?;
        let done = context.perform(Command::Start {
            run: Context::fresh_run_id()?,
            name: self.name,
            phase: self.phase.map(String::from),
            max_iterations: self.max_iterations,
            session: session.clone(),
            process,
        })?;
        said(&context, &done, Reason::Started, self.json, |run| {
            format!(
                "started run {} ({}), owned by session {session}{how}, number {}\n",
                run.name.as_str(),
                run.id,
                run.fence
            )
        })
    }
}
