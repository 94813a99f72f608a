//! `baton top` and `baton serve`: start `baton-view`, which is a program of its own, so that `baton` has no socket.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;

use baton_fs::program;
use clap::Args;

use crate::error::CommandError;
use crate::output;

/// The program.
const PROGRAM: &str = "baton-view";

/// How to get the program.
const ADVICE: &str = "`cargo install --path view` in baton's source installs it; a release has it beside baton";

/// Show the live view in this terminal.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Top {
    /// Options of the view: `baton top --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Serve the live view to a browser on this machine.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Serve {
    /// Options of the view: `baton serve --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

impl Top {
    /// Replaces this process with the view.
    ///
    /// # Errors
    /// Returns an error if the program cannot be started.
    pub fn run(self) -> Result<(), CommandError> {
        replace_process::<Self>("top", &self.options)
    }
}

impl Serve {
    /// Replaces this process with the server.
    ///
    /// # Errors
    /// Returns an error if the program cannot be started.
    pub fn run(self) -> Result<(), CommandError> {
        replace_process::<Self>("serve", &self.options)
    }
}

/// Executes the program beside this one, or else the one on the path. It knows its options, so it also prints the help.
/// Returns only if there is no program that can be executed.
fn replace_process<A: Args>(command: &'static str, options: &[OsString]) -> Result<(), CommandError> {
    let own = std::env::current_exe().ok().filter(|own| own.is_file());
    let beside = own.as_ref().map(|own| own.with_file_name(PROGRAM));
    let Some(found) = beside.filter(|path| path.is_file()).or_else(|| program::find(PROGRAM)) else {
        return not_installed::<A>(command, options);
    };
    let mut process = Command::new(&found);
    if let Some(own) = own {
        // The view refuses to show what a baton of another version decides.
        process.arg("--baton").arg(own);
    }
    let error = process.arg(command).args(options).exec();
    match error.kind() {
        ErrorKind::NotFound => not_installed::<A>(command, options),
        _ => Err(CommandError::cannot("execute", found.display(), error)),
    }
}

/// Says how to get the program: in the help to who asks for help, and else in an error.
fn not_installed<A: Args>(command: &'static str, options: &[OsString]) -> Result<(), CommandError> {
    let problem = format!("{PROGRAM} is not installed, which shows the live view");
    if !options.iter().any(|option| option == "--help" || option == "-h") {
        return Err(CommandError::failed(problem).hint(ADVICE));
    }
    let help = A::augment_args(clap::Command::new(command)).bin_name(format!("baton {command}")).max_term_width(100);
    output::print(&help.after_help(format!("{problem}: {ADVICE}.")).render_help().to_string())
}
