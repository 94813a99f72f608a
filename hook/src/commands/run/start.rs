//! `baton run start`.

use agent_baton_core::fleet::FleetRun;
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use agent_baton_core::run::RunName;
use clap::Args;

use crate::args::caller::TargetLaunch;
use crate::commands::run::loop_options::{LoopOptions, Prepared};
use crate::context::{Context, Outcome};
use crate::error::CommandError;
use crate::output::run_result::{Phase, print_result, run_label};

/// Start a run that a session owns.
#[derive(Args)]
pub struct Start {
    /// Name of the run: 1 to 64 printable characters
    name: RunName,
    /// Session that owns the run [default: the calling agent's session, or the only live session of this project]
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Current phase, as free text
    #[arg(long, value_name = "TEXT")]
    phase: Option<Phase>,
    /// Maximum number of iterations [default for a loop: 50, or the agent's own limit if that is lower]
    #[arg(long, value_name = "N")]
    max_iterations: Option<u32>,
    /// Make it a run of the fleet, which has one owner on all your machines
    #[arg(long)]
    fleet: bool,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    loop_options: LoopOptions,
}

impl Start {
    /// Starts the run.
    ///
    /// # Errors
    /// Refused if the session owns an unfinished run. Also fails if no session fits, or if it does not have exactly
    /// one live launch.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let TargetLaunch { session, process, resolved_by } = TargetLaunch::resolve(&context, self.session.as_ref())?;
        let run = Context::new_run_id()?;
        let record = context.session(&session)?.0;
        let fleet = context.new_fleet_run(self.fleet, record.project.as_deref())?;
        let in_fleet = describe_fleet(fleet.as_ref());
        let prepared = if self.loop_options.is_asked() {
            Some(self.loop_options.prepare(&context, (record.agent, &process, record.project), self.max_iterations)?)
        } else {
            None
        };
        let loop_state = prepared.as_ref().map(|prepared| prepared.write(&context, &run));
        let started = loop_state.transpose().and_then(|loop_state| {
            context.decide(Command::Start {
                run: run.clone(),
                name: self.name,
                phase: self.phase.map(String::from),
                max_iterations: prepared.as_ref().map_or(self.max_iterations, |prepared| Some(prepared.max_iterations)),
                session: session.clone(),
                process,
                loop_state,
                fleet,
            })
        });
        // If nobody knows yet whether the run was started, its loop may need the definition.
        let may_be_started = |done: &Outcome| done.decision.reason == Reason::Started || done.in_doubt;
        if prepared.is_some() && !started.as_ref().is_ok_and(may_be_started) {
            context.remove_loop_definition(&run);
        }
        let done = started?;
        print_result(&context, &done, Reason::Started, self.json, |run| {
            let turns = prepared.as_ref().map_or_else(String::new, |prepared| {
                let Prepared { max_iterations, limited_by, .. } = prepared;
                format!(
                    ".\nWhenever the agent wants to stop, it gets the prompt again, at most {max_iterations} times{limited_by}. \
                     If the agent is idle, send it the first prompt. To stop the loop: `baton run cancel {}`",
                    run.id
                )
            });
            let label = run_label(run);
            format!("started {label}, owned by session {session}{resolved_by} (fence {}){in_fleet}{turns}\n", run.fence)
        })
    }
}

/// Returns the end of a sentence about a new run, which names its project in the fleet.
fn describe_fleet(fleet: Option<&FleetRun>) -> String {
    fleet.map_or_else(String::new, |fleet| format!(", in the fleet as a run of {}", fleet.project))
}
