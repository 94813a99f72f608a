//! `baton run start`.

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use agent_baton_core::run::RunName;
use clap::Args;

use crate::args::caller::TargetLaunch;
use crate::commands::run::loop_options::{LoopOptions, Prepared};
use crate::context::Context;
use crate::output::error::CommandError;
use crate::output::run_result::{Phase, print_result};

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
    /// How often it may go round; a loop 50 times, or as often as the client lets a hook keep it going
    #[arg(long, value_name = "N")]
    max_iterations: Option<u32>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    looping: LoopOptions,
}

impl Start {
    /// Starts it.
    ///
    /// # Errors
    /// Refused where the session owns an unfinished run; not found where no session, or no single living launch, fits.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let TargetLaunch { session, process, resolved_by } = TargetLaunch::resolve(&context, self.session.as_ref())?;
        let run = Context::new_run_id()?;
        let prepared = if self.looping.is_asked() {
            let record = context.session(&session)?.0;
            Some(self.looping.prepare(&context, (record.agent, &process, record.project), self.max_iterations)?)
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
            })
        });
        if prepared.is_some() && !matches!(&started, Ok(done) if done.decision.reason == Reason::Started) {
            context.remove_loop_definition(&run);
        }
        let done = started?;
        print_result(&context, &done, Reason::Started, self.json, |run| {
            let turns = prepared.as_ref().map_or_else(String::new, |prepared| {
                let Prepared { max_iterations, limited_by, .. } = prepared;
                format!(
                    ".\nIts prompt goes in whenever the agent wants to stop, at most {max_iterations} times{limited_by}. \
                     If the agent is idle, give it its first prompt. To stop it: baton run cancel {}",
                    run.id
                )
            });
            format!(
                "started run {} ({}), owned by session {session}{resolved_by}, number {}{turns}\n",
                run.name.as_str(),
                run.id,
                run.fence
            )
        })
    }
}
