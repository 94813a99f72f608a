//! `baton-view`: the live view of baton.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use baton_store::StateDirEnv;
use baton_view::{Baton, BatonError, Serve, ServeError, StateSource, Top, TopError};

/// The live view of baton.
#[derive(Parser)]
#[command(name = "baton-view", version, max_term_width = 100)]
struct Cli {
    /// The `baton` whose commands are run [default: the one beside this program, or else on the PATH]
    #[arg(long, value_name = "PATH")]
    baton: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the live view in this terminal
    Top(Top),
    /// Serve the live view to a browser on this machine
    Serve(Serve),
}

/// Why the view ended without being asked to.
#[derive(Debug, thiserror::Error)]
enum ViewError {
    #[error(transparent)]
    Baton(#[from] BatonError),
    #[error(transparent)]
    Top(#[from] TopError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            baton_display::warn(&baton_display::error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), ViewError> {
    let baton = Baton::find(cli.baton)?;
    let source = StateSource::new(StateDirEnv::from_process()).reading_fleet(baton.path().to_owned());
    match cli.command {
        Command::Top(top) => top.run(source.watching(top.watch.clone()), baton.path())?,
        Command::Serve(serve) => {
            let source = source.watching(serve.watch.clone());
            serve.run(source, baton.path().to_owned())?;
        }
    }
    Ok(())
}
