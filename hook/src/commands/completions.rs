//! `baton completions`.

use clap::Args;
use clap_complete::Shell;

use crate::error::CommandError;
use crate::output;

/// Print the completions of a shell.
#[derive(Args)]
pub struct Completions {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints the completions of the program's commands.
    ///
    /// # Errors
    /// Returns an error if standard output cannot be written.
    pub fn run(self, mut program: clap::Command) -> Result<(), CommandError> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut program, "baton", &mut text);
        output::print(&String::from_utf8_lossy(&text))
    }
}
