//! `baton go`.

use agent_baton_core::id::RunId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{Live, Process, ProcessState};
use baton_display::pane_label;
use clap::Args;

use crate::args::session::SessionArg;
use crate::args::{foreign_loop, run};
use crate::context::Context;
use crate::error::{CommandError, ErrorKind};
use crate::output;
use crate::output::run_result::run_label;
use baton_engine::session_status::{SessionStatus, has_conversation};
use baton_system::ProcessLookup;
use baton_system::multiplexer::{Tmux, Zellij};

/// Switch to the pane of a session, or of the owner of a run with this id or name.
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
        let target = self.find(&context)?;
        let Target { what, pane, process, .. } = &target;
        let there = format!("{what} is in {}, pid {}", pane_label(pane), process.pid);
        // A client of tmux runs what its server tells it to run, so the pane is proved before any is started.
        context.inspector().check_pane(process, pane).map_err(|why| unreachable(&there, &why.to_string()))?;
        if let Pane::Tmux { server, pane } = pane
            && let Ok(terminal) = Tmux::with_socket(server).terminal(pane)
            && let Some(own) = target.other_terminal(&context, &terminal)
        {
            let own = own.unwrap_or_else(|| "no terminal".to_owned());
            return Err(unreachable(
                &format!("{what} is pid {}, on {own}", process.pid),
                &format!("tmux pane {pane} is another terminal, {terminal}"),
            ));
        }
        let selected = match pane {
            Pane::Tmux { server, pane } => Tmux::with_socket(server).select(pane),
            Pane::Zellij { session, pane } => Zellij::named(session).select(pane),
            Pane::Tty { .. } | Pane::Unknown => {
                return Err(unreachable(&there, "no terminal multiplexer manages it"));
            }
        };
        match selected {
            Ok(None) => Ok(()),
            Ok(Some(command)) => output::print(&format!("{there}; it is selected. To see it: {command}\n")),
            Err(error) => Err(CommandError::failed(format!("{there}; baton cannot switch to it")).caused_by(error)),
        }
    }

    fn find(&self, context: &Context) -> Result<Target, CommandError> {
        let id = match self.session.resolve(context) {
            Err(none) if none.is_not_found() => match self.session.run(context) {
                Some(Ok(run)) => return owner_location(context, &run),
                Some(Err(several)) if matches!(several.kind, ErrorKind::Ambiguous { .. }) => return Err(several),
                _ => {
                    let text = self.session.text().unwrap_or_default();
                    return Err(foreign_loop::not_a_run(context, text, none));
                }
            },
            found => found?,
        };
        let (session, archived) = context.session(&id)?;
        let seen = context.session_reader().assess(session, archived);
        let status = seen.standing.status;
        let newest = seen.current_launch().filter(|_| status.is_alive() || status == SessionStatus::Unknown);
        let launch = newest.ok_or_else(|| {
            let gone = format!("session {id} is {}", status.word());
            match has_conversation(&seen.session) {
                true => CommandError::not_found(gone).hint(format!("`baton resume {id}` resumes it")),
                false => CommandError::not_found(gone + " and had no conversation"),
            }
        })?;
        Ok(Target {
            what: format!("session {id}"),
            pane: launch.pane.clone(),
            process: launch.process.clone(),
            may_lack_terminal: false,
        })
    }
}

fn unreachable(there: &str, why: &str) -> CommandError {
    CommandError::failed(format!("{there}; baton cannot switch to it: {why}"))
}

/// What a user wants to go to.
struct Target {
    /// Its name for the user.
    what: String,
    /// The pane that was recorded.
    pane: Pane,
    /// The process in it.
    process: Process,
    /// Whether it can be seen in a pane without a terminal of its own: the supervisor of a command that a tool of an agent started.
    may_lack_terminal: bool,
}

impl Target {
    /// The terminal of the process, if that is known and is not the given one. The pane that a process inherited may show
    /// something else by now.
    fn other_terminal(&self, context: &Context, terminal: &str) -> Option<Option<String>> {
        let inspector = context.inspector();
        if inspector.process_state(&self.process) != ProcessState::Running {
            return None;
        }
        let ProcessLookup::Found(stat) = inspector.process(self.process.pid) else { return None };
        let own = stat.tty_name();
        let is_expected = own.as_deref() == Some(terminal) || (own.is_none() && self.may_lack_terminal);
        (!is_expected).then_some(own)
    }
}

/// Returns where the owner of a run is. If the owner is gone, its pane may belong to another process by now.
fn owner_location(context: &Context, run: &RunId) -> Result<Target, CommandError> {
    let run = context.run(run)?;
    let named = run_label(&run);
    if !run.status.is_unfinished() {
        return Err(CommandError::not_found(format!("{named} is {}: it has no owner to go to", run.status.name())));
    }
    if context.owner_liveness(&context.liveness_check(), &run) == Live::No {
        let gone = CommandError::not_found(format!("the owner of {named} is gone"));
        return Err(match run.owner.session {
            None => gone,
            Some(id) if context.session(&id).is_ok_and(|(session, _)| !has_conversation(&session)) => {
                CommandError::not_found(format!("{gone}; session {id} had no conversation to resume"))
            }
            Some(id) => gone.hint(format!("`baton resume {id}` resumes it")),
        });
    }
    Ok(Target {
        what: format!("the owner of {named}"),
        may_lack_terminal: run.owner.session.is_none(),
        pane: run.owner.pane,
        process: run.owner.process,
    })
}

impl SessionArg {
    /// Returns the run, if an ID was given.
    fn run(&self, context: &Context) -> Option<Result<RunId, CommandError>> {
        self.text().map(|text| run::resolve_in(context, text, self.is_current_project()))
    }
}
