//! `baton top` and `baton serve`: start `baton-view`, which is a program of its own, so that `baton` has no socket.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;

use baton_fs::program::find_on_path;
use clap::Args;

use crate::error::CommandError;

/// The program.
const PROGRAM: &str = "baton-view";

/// Show the live view in this terminal.
#[derive(Args)]
pub struct Top {
    /// Options of `baton-view top`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Serve the live view to a browser on this machine.
#[derive(Args)]
pub struct Serve {
    /// Options of `baton-view serve`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

impl Top {
    /// Replaces this process with the view.
    ///
    /// # Errors
    /// Returns an error if the program cannot be started.
    pub fn run(self) -> Result<(), CommandError> {
        Err(replace_process("top", &self.options))
    }
}

impl Serve {
    /// Replaces this process with the server.
    ///
    /// # Errors
    /// Returns an error if the program cannot be started.
    pub fn run(self) -> Result<(), CommandError> {
        Err(replace_process("serve", &self.options))
    }
}

/// Executes the program beside this one, or else the one on the path. Returns only if that fails.
fn replace_process(command: &str, options: &[OsString]) -> CommandError {
    let own = std::env::current_exe().ok().filter(|own| own.is_file());
    let beside = own.as_ref().map(|own| own.with_file_name(PROGRAM));
    let on_path = || find_on_path(&std::env::var_os("PATH").unwrap_or_default(), PROGRAM.as_ref());
    let Some(program) = beside.filter(|path| path.is_file()).or_else(on_path) else { return not_installed() };
    let mut process = Command::new(&program);
    if let Some(own) = own {
        // The view refuses to show what a baton of another version decides.
        process.arg("--baton").arg(own);
    }
    let error = process.arg(command).args(options).exec();
    match error.kind() {
        ErrorKind::NotFound => not_installed(),
        _ => CommandError::cannot("execute", program.display(), error),
    }
}

fn not_installed() -> CommandError {
    CommandError::failed(format!("{PROGRAM} is not installed, which shows the live view"))
        .hint("`cargo install --path view` in baton's source installs it; a release has it beside baton")
}
