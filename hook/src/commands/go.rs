//! `baton go`.

use agent_baton_core::id::RunId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use clap::Args;

use crate::args::run;
use crate::args::session::SessionArg;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::session_list::SessionReader;
use baton_engine::session_status::SessionStatus;
use baton_system::multiplexer::{Tmux, Zellij};

/// Switch to the pane of a session or of a run's owner.
#[derive(Args)]
pub struct Go {
    #[command(flatten)]
    session: SessionArg,
}

impl Go {
    /// Selects the pane, or prints where it is if it cannot be selected.
    ///
    /// # Errors
    /// Returns an error if no session or run matches, if several match, if it is not alive, or if the pane cannot be
    /// selected.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let (what, pane, pid) = self.find(&context)?;
        let there = format!("{what} is in {}, pid {pid}", baton_display::pane_label(&pane));
        let selected = match &pane {
            Pane::Tmux { server, pane } => Tmux::with_socket(server).select(pane),
            Pane::Zellij { session, pane } => Zellij::named(session).select(pane),
            Pane::Tty { .. } | Pane::Unknown => {
                return Err(CommandError::PaneUnreachable {
                    there,
                    why: "no terminal multiplexer manages it".to_owned(),
                });
            }
        };
        match selected {
            Ok(None) => Ok(()),
            Ok(Some(command)) => output::print(&format!("{there}; it is selected. To see it: {command}\n")),
            Err(error) => Err(CommandError::PaneUnreachable { there, why: error.to_string() }),
        }
    }

    /// Returns the label of the target, its pane, and the process in it.
    fn find(&self, context: &Context) -> Result<(String, Pane, u32), CommandError> {
        let id = match self.session.resolve(context) {
            Err(CommandError::NotFound(none)) => match self.session.run(context) {
                Some(Ok(run)) => return owner_location(context, &run),
                Some(Err(several @ CommandError::Ambiguous { .. })) => return Err(several),
                _ => return Err(CommandError::NotFound(none)),
            },
            found => found?,
        };
        let (session, archived) = context.session(&id)?;
        let seen = SessionReader::new(context).assess(session, archived);
        let status = seen.standing.status;
        let newest = seen.current_launch().filter(|_| status.is_alive() || status == SessionStatus::Unknown);
        let launch = newest.ok_or_else(|| {
            let back = match seen.session.prompted || seen.session.has_context {
                true => format!("; `baton resume {id}` resumes it"),
                false => " and had no conversation".to_owned(),
            };
            CommandError::NotFound(format!("session {id} is {}{back}", status.word()))
        })?;
        Ok((format!("session {id}"), launch.pane.clone(), launch.process.pid))
    }
}

/// Returns where the owner of a run is. If the owner is gone, its pane may belong to another process by now.
fn owner_location(context: &Context, run: &RunId) -> Result<(String, Pane, u32), CommandError> {
    let run = context.run(run)?;
    let named = format!("run {} ({})", baton_display::strip_control_chars(run.name.as_str()), run.id);
    if !run.status.is_unfinished() {
        return Err(CommandError::NotFound(format!("{named} is {}: it has no owner to go to", run.status.name())));
    }
    if context.owner_liveness(&context.liveness_check(), &run) == Live::No {
        let back = run.owner.session.map_or_else(String::new, |id| format!("; `baton resume {id}` resumes it"));
        return Err(CommandError::NotFound(format!("the owner of {named} is gone{back}")));
    }
    Ok((format!("the owner of {named}"), run.owner.pane, run.owner.process.pid))
}

impl SessionArg {
    /// Returns the run, if an ID was given.
    fn run(&self, context: &Context) -> Option<Result<RunId, CommandError>> {
        self.text().map(|text| run::resolve_in(context, text, self.is_current_project()))
    }
}
