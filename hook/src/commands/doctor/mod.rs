//! `baton doctor`: one file for each check.

mod agents;
mod clock;
mod disabled;
mod entries;
mod events;
mod finding;
mod format;
mod inbox;
mod installation;
mod loops;
mod program;
mod receipt;
mod records;
mod sandbox;
mod state;
mod trust;

use clap::Args;

use crate::error::CommandError;
use crate::output;
use finding::{Finding, Level};
use installation::Installation;

/// Check the installation and suggest fixes. The exit status is 1 if a check failed.
#[derive(Args)]
pub struct Doctor {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Repair what is safe to repair without asking: the mode of the state directory, an interrupted commit, the index
    #[arg(long)]
    fix: bool,
}

/// The checks, in the order of the report.
const CHECKS: [fn(&Installation) -> Vec<Finding>; 14] = [
    agents::check,
    entries::check,
    trust::check,
    program::check,
    events::check,
    state::check,
    format::check,
    disabled::check,
    records::check,
    inbox::check,
    sandbox::check,
    clock::check,
    receipt::check,
    loops::check,
];

impl Doctor {
    /// Runs the checks.
    ///
    /// # Errors
    /// Returns an error if a check failed, or if `HOME` does not name a directory.
    pub fn run(self) -> Result<(), CommandError> {
        let installation = Installation::inspect(self.fix)?;
        let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&installation)).collect();
        if self.json {
            output::print_json(&findings)?;
        } else {
            output::print(&findings.iter().map(Finding::line).collect::<String>())?;
        }
        match findings.iter().filter(|finding| finding.level == Level::Problem).count() {
            0 => Ok(()),
            problems => Err(CommandError::ChecksFailed(problems)),
        }
    }
}
