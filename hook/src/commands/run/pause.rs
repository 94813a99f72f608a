//! `baton run pause` and `continue`.

use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use agent_baton_core::run::Run;
use clap::Args;

use crate::args;
use crate::context::{Context, LoopCheck};
use crate::error::CommandError;
use crate::output::run_result::{Phase, print_result, run_label};
use baton_engine::session_status::has_conversation;

/// Pause a run.
#[derive(Args)]
pub struct Pause {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Why, as free text
    #[arg(long, value_name = "TEXT")]
    why: Option<Phase>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

/// Continue a paused or waiting run.
#[derive(Args)]
pub struct Continue {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Pause {
    /// Pauses the run, whoever owns it.
    ///
    /// # Errors
    /// Refused if the run has ended. Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let done = context.decide(Command::Pause { run, why: self.why.map(String::from) })?;
        print_result(&context, &done, Reason::Paused, self.json, |run| {
            let turn = if run.loop_state.is_some() { "; the agent finishes its current turn" } else { "" };
            format!("{} is paused{turn}. To continue it: `baton run continue {}`\n", run_label(run), run.id)
        })
    }
}

impl Continue {
    /// Makes the run active again.
    ///
    /// # Errors
    /// Refused if the run has ended. Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let done = context.decide(Command::Continue { run })?;
        print_result(&context, &done, Reason::Continued, self.json, |run| {
            format!("{} is active again{}\n", run_label(run), next_step(&context, run))
        })
    }
}

/// Returns what must happen for the run to continue. baton itself cannot wake an agent.
fn next_step(context: &Context, run: &Run) -> String {
    if let Some(LoopCheck { command, is_approved: false }) = context.loop_check(run) {
        return format!(
            ", but its next Stop pauses it again: no user approved its command '{command}'. `baton run cancel {}` ends it; then start it \
             again with --done-when in a terminal of your own",
            run.id
        );
    }
    match (run.loop_state.is_some(), context.owner_liveness(&context.liveness_check(), run)) {
        (_, Live::No) => format!(", but its owner is gone: {}", ways_to_an_owner(context, run)),
        (_, Live::Unknown) => format!(
            ", and baton cannot tell whether its owner is alive: if you know that it is not, {}",
            force_an_owner(run)
        ),
        (true, _) => {
            ". Its loop continues when the agent next stops. If the agent is idle, send it any prompt".to_owned()
        }
        (false, _) => String::new(),
    }
}

/// Returns how a run whose owner is gone gets one.
fn ways_to_an_owner(context: &Context, run: &Run) -> String {
    let adopt = format!("`baton run adopt {}` takes it from a tool of another session", run.id);
    match &run.owner.session {
        None => "start the same command again to continue it".to_owned(),
        Some(id) if context.session(id).is_ok_and(|(session, _)| has_conversation(&session)) => {
            format!("`baton resume {id}` resumes its session, or {adopt}")
        }
        Some(_) => adopt,
    }
}

/// Returns how a run gets an owner where only its user can know that the present one is gone.
fn force_an_owner(run: &Run) -> String {
    match &run.owner.session {
        None => "start the same command again with --force".to_owned(),
        Some(_) => format!("`baton run adopt {} --force` takes it from a tool of another session", run.id),
    }
}
