//! `baton doctor`: one file for each check.

mod agents;
mod clock;
mod configuration;
mod disabled;
mod entries;
mod events;
mod finding;
mod fleet;
mod format;
mod inbox;
mod installation;
mod loop_definitions;
mod loops;
mod program;
mod projects;
mod receipt;
mod records;
mod sandbox;
mod state;
mod trust;

use clap::Args;

use crate::error::CommandError;
use crate::output;
use crate::output::style::Style;
use crate::output::terminal::Terminal;
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
    /// Move each file of the state that cannot be used to the state's quarantine directory
    #[arg(long)]
    quarantine: bool,
    /// Check every file of the archive, the trash and the kept messages, and not only a sample
    #[arg(long)]
    all: bool,
}

/// The names of the columns.
const HEADER: &str = "LEVEL   CHECK     FINDING";

/// The checks, in the order in which they are printed.
const CHECKS: [fn(&Installation) -> Vec<Finding>; 18] = [
    agents::check,
    entries::check,
    trust::check,
    program::check,
    events::check,
    state::check,
    format::check,
    disabled::check,
    configuration::check,
    records::check,
    projects::check,
    loop_definitions::check,
    inbox::check,
    sandbox::check,
    clock::check,
    receipt::check,
    loops::check,
    fleet::check,
];

impl Doctor {
    /// Runs the checks.
    ///
    /// # Errors
    /// Returns an error if a check failed, or if `HOME` does not name a directory.
    pub fn run(self) -> Result<(), CommandError> {
        let installation = Installation::inspect(self.fix, self.all)?;
        if self.quarantine {
            installation.quarantine()?;
        }
        let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&installation)).collect();
        if self.json {
            output::print_json(&findings)?;
        } else {
            let terminal = Terminal::stdout();
            let header = Style::paint_if(Some(Style::Dim), terminal.colour, HEADER);
            let lines: String = findings.iter().map(|finding| finding.line(&terminal)).collect();
            output::print(&format!("{header}\n{lines}"))?;
        }
        match findings.iter().filter(|finding| finding.level == Level::Problem).count() {
            0 => Ok(()),
            problems => Err(CommandError::failed(format!(
                "{} failed",
                baton_display::format_count(problems, "check", "checks")
            ))),
        }
    }
}
