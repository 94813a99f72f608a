//! `baton run cancel`.

use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::run_result::{Phase, print_result, run_label};

/// Cancel a run for good.
#[derive(Args)]
pub struct Cancel {
    /// Run id or a unique part of it, or its name
    run: String,
    /// Why, as free text
    #[arg(long, value_name = "TEXT")]
    why: Option<Phase>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Cancel {
    /// Cancels the run, whoever owns it.
    ///
    /// # Errors
    /// Refused if the run has ended. Also fails if the run is not found.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let run = args::run::resolve(&context, &self.run)?;
        let done = context.decide(Command::Cancel { run, why: self.why.map(String::from) })?;
        print_result(&context, &done, Reason::Cancelled, self.json, |run| {
            format!("{} is cancelled for good\n", run_label(run))
        })
    }
}
