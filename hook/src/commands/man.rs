//! `baton man`.

use clap::Args;
use clap_mangen::Man as Page;

use crate::error::CommandError;
use crate::output;

/// Print the manual page of the program or of one command.
#[derive(Args)]
pub struct Man {
    /// Command, such as "run start" [default: baton itself]
    command: Vec<String>,
}

impl Man {
    /// Prints the page of the program, or of one of its commands.
    ///
    /// # Errors
    /// Returns an error if the command does not exist, or if standard output cannot be written.
    pub fn run(self, program: clap::Command) -> Result<(), CommandError> {
        let mut command = program;
        let mut name = "baton".to_owned();
        for word in &self.command {
            let found = command.find_subcommand(word).cloned();
            command = found.ok_or_else(|| CommandError::not_found(format!("there is no command {name} {word}")))?;
            name = format!("{name}-{word}");
        }
        let mut page = Vec::new();
        Page::new(command.name(name)).render(&mut page).map_err(CommandError::output)?;
        output::print(&String::from_utf8_lossy(&page))
    }
}
