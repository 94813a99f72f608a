//! `baton-view`: the live view of baton.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use baton_store::StateDirEnv;
use baton_view::{Serve, ServeError, StateSource, Top, TopError};

/// The live view of baton.
#[derive(Parser)]
#[command(name = "baton-view", version, max_term_width = 100)]
struct Cli {
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
    Top(#[from] TopError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            baton_display::warn(&baton_display::error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), ViewError> {
    let source = StateSource::new(StateDirEnv::from_process());
    match command {
        Command::Top(top) => top.run(source.watching(top.watch.clone()), &baton())?,
        Command::Serve(serve) => {
            let source = source.watching(serve.watch.clone());
            serve.run(source, baton())?;
        }
    }
    Ok(())
}

/// Returns the program whose commands the view runs: the one beside this, or else the one on the path.
fn baton() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("baton"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| "baton".into())
}
