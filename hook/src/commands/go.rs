//! `baton go`.

use agent_baton_core::id::RunId;
use agent_baton_core::pane::Pane;
use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::roster::Roster;
use crate::commands::which::{self, Which};
use crate::mux::{Tmux, Zellij};
use crate::status::Status;
use crate::words;

/// Goes to the pane of a session, or of a run's owner.
#[derive(Args)]
pub struct Go {
    #[command(flatten)]
    which: Which,
}

impl Go {
    /// Selects the pane; says where it is when it cannot.
    ///
    /// # Errors
    /// Not found, ambiguous, not alive, or the pane cannot be selected.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let (what, pane, pid) = self.find(&context)?;
        let there = format!("{what} is in {}, pid {pid}", words::pane(&pane));
        let selected = match &pane {
            Pane::Tmux { server, pane } => Tmux::at(server).select(pane),
            Pane::Zellij { session, pane } => Zellij::named(session).select(pane),
            Pane::Tty { .. } | Pane::Unknown => {
                return Err(CommandError::NoWay { there, why: "it is no pane that could be selected".to_owned() });
            }
        };
        match selected {
            Ok(None) => Ok(()),
            Ok(Some(command)) => print::lines(&format!("{there}, which is selected now; to see it: {command}\n")),
            Err(error) => Err(CommandError::NoWay { there, why: error.to_string() }),
        }
    }

    /// What a person named, the pane, and the process in it.
    fn find(&self, context: &Context) -> Result<(String, Pane, u32), CommandError> {
        let id = match (self.which.find(context), self.which.run(context)) {
            (Err(CommandError::NotFound(_)), Some(Ok(run))) => {
                let run = context.run(&run)?;
                let what = format!("the owner of run {} ({})", words::clean(run.name.as_str()), run.id);
                return Ok((what, run.owner.pane, run.owner.process.pid));
            }
            (found, _) => found?,
        };
        let (session, archived) = context.session(&id)?;
        let seen = Roster::new(context).see(session, archived);
        let status = seen.standing.status;
        let newest = seen.newest().filter(|_| status.is_alive() || status == Status::Unknown);
        let launch = newest.ok_or_else(|| {
            CommandError::NotFound(format!("session {id} is {}; `baton resume {id}` brings it back", status.word()))
        })?;
        Ok((format!("session {id}"), launch.pane.clone(), launch.process.pid))
    }
}

impl Which {
    /// The run, where an ID was given.
    fn run(&self, context: &Context) -> Option<Result<RunId, CommandError>> {
        self.text().map(|text| which::run(context, text))
    }
}
