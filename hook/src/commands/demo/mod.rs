//! `baton demo`: a run on one machine, or on two machines of a fleet, with real processes on a temporary state.

pub mod agent;
mod crash;
mod fleet;
mod machine;
mod narration;
mod server;

use clap::Args;

use crate::commands::demo::agent::WORK_DIR;
use crate::commands::demo::narration::no_scratch;
use crate::error::CommandError;

/// Play a run through a crash and a resume, with real processes in a temporary state. Nothing is left behind.
#[derive(Args)]
pub struct Demo {
    /// Play it on two machines that share a PostgreSQL database, which the demo starts and removes
    #[arg(long)]
    fleet: bool,
}

impl Demo {
    /// Plays the demo.
    ///
    /// # Errors
    /// Returns an error if a step does not have the expected result.
    pub fn run(self) -> Result<(), CommandError> {
        let scratch = tempfile::Builder::new().prefix("baton-demo-").tempdir().map_err(no_scratch)?;
        let outcome = if self.fleet {
            fleet::play(scratch.path())
        } else {
            std::fs::create_dir(scratch.path().join(WORK_DIR)).map_err(no_scratch)?;
            crash::play(scratch.path())
        };
        scratch.close().map_err(no_scratch)?;
        outcome
    }
}
