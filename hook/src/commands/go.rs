//! `baton go`.

use agent_baton_core::id::RunId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
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
        let id = match self.which.find(context) {
            Err(CommandError::NotFound(none)) => match self.which.run(context) {
                Some(Ok(run)) => return owner(context, &run),
                Some(Err(several @ CommandError::Ambiguous { .. })) => return Err(several),
                _ => return Err(CommandError::NotFound(none)),
            },
            found => found?,
        };
        let (session, archived) = context.session(&id)?;
        let seen = Roster::new(context).see(session, archived);
        let status = seen.standing.status;
        let newest = seen.newest().filter(|_| status.is_alive() || status == Status::Unknown);
        let launch = newest.ok_or_else(|| {
            let back = match seen.session.prompted || seen.session.has_context {
                true => format!("; `baton resume {id}` brings it back"),
                false => ", and held no conversation".to_owned(),
            };
            CommandError::NotFound(format!("session {id} is {}{back}", status.word()))
        })?;
        Ok((format!("session {id}"), launch.pane.clone(), launch.process.pid))
    }
}

/// Where the owner of a run is: of one that is gone the pane may be another's by now.
fn owner(context: &Context, run: &RunId) -> Result<(String, Pane, u32), CommandError> {
    let run = context.run(run)?;
    let named = format!("run {} ({})", words::clean(run.name.as_str()), run.id);
    if !run.status.is_unfinished() {
        return Err(CommandError::NotFound(format!("{named} is {}: nobody is at it", run.status.name())));
    }
    if context.owner_lives(&context.census(), &run) == Live::No {
        let back = run.owner.session.map_or_else(String::new, |id| format!("; `baton resume {id}` brings it back"));
        return Err(CommandError::NotFound(format!("the owner of {named} is gone{back}")));
    }
    Ok((format!("the owner of {named}"), run.owner.pane, run.owner.process.pid))
}

impl Which {
    /// The run, where an ID was given.
    fn run(&self, context: &Context) -> Option<Result<RunId, CommandError>> {
        self.text().map(|text| which::run_of(context, text, self.is_here()))
    }
}
