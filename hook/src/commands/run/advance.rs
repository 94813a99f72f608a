//! `baton run update`, `verify` and `finish`: the commands that only a run's owner may use.

use agent_baton_core::fence::Fence;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use clap::Args;

use crate::args;
use crate::args::caller::caller;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::run_result::{Phase, print_result, run_label};

/// Report the progress of a run that you own.
#[derive(Args)]
pub struct Update {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Fence that you hold [default: found from the calling agent's process]
    #[arg(long, value_name = "N")]
    fence: Option<u64>,
    /// Current phase, as free text
    #[arg(long, value_name = "TEXT")]
    phase: Option<Phase>,
    /// Iteration that the run has reached
    #[arg(long, value_name = "N")]
    iteration: Option<u32>,
    /// Maximum number of iterations
    #[arg(long, value_name = "N")]
    max_iterations: Option<u32>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

/// Check that you own a run.
#[derive(Args)]
pub struct Verify {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Fence that you hold [default: found from the calling agent's process]
    #[arg(long, value_name = "N")]
    fence: Option<u64>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

/// Finish a run that you own.
#[derive(Args)]
pub struct Finish {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Fence that you hold [default: found from the calling agent's process]
    #[arg(long, value_name = "N")]
    fence: Option<u64>,
    /// Mark the run as failed
    #[arg(long)]
    failed: bool,
    /// Why, as free text
    #[arg(long, value_name = "TEXT")]
    why: Option<Phase>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Update {
    /// Advances the run.
    ///
    /// # Errors
    /// Refused if the caller does not own the run. Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let done = context.decide(Command::Update {
            run,
            caller: caller(&context, self.fence.map(Fence)),
            phase: self.phase.map(String::from),
            iteration: self.iteration,
            max_iterations: self.max_iterations,
        })?;
        print_result(&context, &done, Reason::Updated, self.json, |run| {
            format!("{} is at iteration {}\n", run_label(run), run.iteration)
        })
    }
}

impl Verify {
    /// Prints whether the caller owns the run.
    ///
    /// # Errors
    /// Refused if the caller does not own the run. Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let done = context.decide(Command::Verify { run, caller: caller(&context, self.fence.map(Fence)) })?;
        print_result(&context, &done, Reason::Verified, self.json, |run| {
            format!("you own {} (fence {})\n", run_label(run), run.fence)
        })
    }
}

impl Finish {
    /// Ends the run.
    ///
    /// # Errors
    /// Refused if the caller does not own the run. Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let done = context.decide(Command::Finish {
            run,
            caller: caller(&context, self.fence.map(Fence)),
            failed: self.failed,
            why: self.why.map(String::from),
        })?;
        print_result(&context, &done, Reason::Finished, self.json, |run| {
            format!("{} is {}\n", run_label(run), run.status.name())
        })
    }
}
