//! The command line: one file for each command.

pub mod caller;
pub mod context;
pub mod decide;
pub mod demo;
pub mod difference;
pub mod doctor;
pub mod error;
pub mod explain;
pub mod hook;
pub mod install;
pub mod log;
pub mod print;
pub mod project;
pub mod replay;
pub mod run;
pub mod schema;
pub mod session;
pub mod uninstall;
pub mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Gives every long piece of coding-agent work exactly one owner.
#[derive(Parser)]
#[command(name = "baton", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take one event of an agent on standard input (called by the agents' hooks)
    Hook(hook::Hook),
    /// Start, advance, look at and end runs
    #[command(subcommand)]
    Run(run::Run),
    /// Look at the agents' sessions
    #[command(subcommand)]
    Session(session::Session),
    /// Look at protected files, save them and give them back
    #[command(subcommand)]
    Project(project::Project),
    /// Have the agents call baton: show what would change in their configuration, ask, write it
    Install(install::Install),
    /// Take out of the agents' configuration what install put in
    Uninstall(uninstall::Uninstall),
    /// Check that everything is in place, and say what to do where it is not
    Doctor(doctor::Doctor),
    /// Tell in three sentences what a decision saw, which rule applied and what changed
    Explain(explain::Explain),
    /// Print the decisions, newest last
    Log(log::Log),
    /// Play a run through a crash and a resume, with real processes on a scratch state
    Demo(demo::Demo),
    /// Decide a request given as JSON on standard input
    #[command(hide = true)]
    Decide(decide::Decide),
    /// Decide every recorded decision again and say which come out otherwise
    #[command(hide = true)]
    Replay(replay::Replay),
    /// Print a JSON Schema of what baton reads and writes
    #[command(hide = true)]
    Schema(schema::Schema),
    #[command(name = "demo-agent", hide = true)]
    DemoAgent(demo::agent::DemoAgent),
}

/// Runs the command line; says on stderr what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(hook) = hook::Hook::from_plain_arguments(std::env::args_os()) {
        return hook.run();
    }
    let cli = match Cli::try_parse() {
        // Both agents take status 2, clap's for a wrong command line, as an order to block the prompt.
        Err(error) if error.use_stderr() && std::env::args_os().nth(1).is_some_and(|word| word == "hook") => {
            let _ = error.print();
            return ExitCode::FAILURE;
        }
        Err(error) => error.exit(),
        Ok(cli) => cli,
    };
    let outcome = match cli.command {
        Command::Hook(hook) => return hook.run(),
        Command::Run(run) => run.run(),
        Command::Session(session) => session.run(),
        Command::Project(project) => project.run(),
        Command::Install(install) => install.run(),
        Command::Uninstall(uninstall) => uninstall.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Explain(explain) => explain.run(),
        Command::Log(log) => log.run(),
        Command::Demo(demo) => demo.run(),
        Command::Decide(decide) => decide.run(),
        Command::Replay(replay) => replay.run(),
        Command::Schema(schema) => schema.run(),
        Command::DemoAgent(agent) => agent.run(),
    };
    outcome.map_or_else(|error| error.report(), |()| ExitCode::SUCCESS)
}
