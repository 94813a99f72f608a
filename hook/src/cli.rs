//! The command line: which commands there are, and what runs them.

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    completions, config, decide, demo, disable, doctor, explain, gc, go, install, log, man, project, replay, resume,
    run, schema, session, status, uninstall,
};

/// Gives every long piece of coding-agent work exactly one owner.
#[derive(Parser)]
#[command(name = "baton", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Take one event of an agent on standard input (called by the agents' hooks)
    Hook(crate::hook::Hook),
    /// Show what waits for you, what is alive, and what was lost (also: baton alone)
    Status(status::Status),
    /// Start, advance, look at and end runs
    #[command(subcommand)]
    Run(run::Run),
    /// Look at the agents' sessions
    #[command(subcommand)]
    Session(session::Session),
    /// Bring sessions back after a crash, a closed terminal or a reboot
    Resume(resume::Resume),
    /// Go to the pane of a session, or of a run's owner
    Go(go::Go),
    /// Look at protected files, save them and give them back
    #[command(subcommand)]
    Project(project::Project),
    /// Have the agents call baton: show what would change in their configuration, ask, write it
    Install(install::Install),
    /// Take out of the agents' configuration what install put in
    Uninstall(uninstall::Uninstall),
    /// Check that everything is in place, and say what to do where it is not
    Doctor(doctor::Doctor),
    /// Have the hooks do nothing, everywhere or in this project
    Disable(disable::Disable),
    /// End what disable began
    Enable(disable::Enable),
    /// Print every setting: its value, where it comes from, its default
    Config(config::Config),
    /// Put away the sessions that are not kept any longer: to the archive, from there to the trash, and from there for good
    Gc(gc::Gc),
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
    /// Print the completions of a shell
    #[command(hide = true)]
    Completions(completions::Completions),
    /// Print the manual page
    #[command(hide = true)]
    Man(man::Man),
    #[command(name = "demo-agent", hide = true)]
    DemoAgent(demo::agent::DemoAgent),
}

/// The command line that is not hidden.
#[must_use]
pub fn visible_commands() -> clap::Command {
    without_hidden(Cli::command())
}

fn without_hidden(command: clap::Command) -> clap::Command {
    let name = command.get_name().to_owned();
    let shown: Vec<clap::Command> =
        command.get_subcommands().filter(|it| !it.is_hide_set()).cloned().map(without_hidden).collect();
    let mut bare = clap::Command::new(name)
        .about(command.get_about().cloned().unwrap_or_default())
        .args(command.get_arguments().filter(|it| !it.is_hide_set()).cloned())
        .subcommands(shown);
    if let Some(version) = command.get_version() {
        bare = bare.version(version.to_owned());
    }
    bare
}

/// Runs the command line; says on stderr what went wrong. Gives the exit status.
#[must_use]
pub fn main() -> u8 {
    if let Some(hook) = crate::hook::Hook::from_plain_arguments(std::env::args_os()) {
        return hook.run();
    }
    if let Some(status) = status::Status::from_plain_arguments(std::env::args_os()) {
        return status.exit_status();
    }
    let cli = match Cli::try_parse() {
        // Both agents take status 2, clap's for a wrong command line, as an order to block the prompt.
        Err(error) if error.use_stderr() && std::env::args_os().nth(1).is_some_and(|word| word == "hook") => {
            let _ = error.print();
            return 1;
        }
        Err(error) => error.exit(),
        Ok(cli) => cli,
    };
    let Some(command) = cli.command else { return status::Status::DEFAULT.exit_status() };
    let outcome = match command {
        Command::Status(status) => status.run(),
        Command::Hook(hook) => return hook.run(),
        Command::Run(run) => run.run(),
        Command::Session(session) => session.run(),
        Command::Resume(resume) => resume.run(),
        Command::Go(go) => go.run(),
        Command::Config(config) => config.run(),
        Command::Project(project) => project.run(),
        Command::Install(install) => install.run(),
        Command::Uninstall(uninstall) => uninstall.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Disable(disable) => disable.run(),
        Command::Enable(enable) => enable.run(),
        Command::Gc(gc) => gc.run(),
        Command::Explain(explain) => explain.run(),
        Command::Log(log) => log.run(),
        Command::Demo(demo) => demo.run(),
        Command::Decide(decide) => decide.run(),
        Command::Replay(replay) => replay.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
        Command::DemoAgent(agent) => agent.run(),
    };
    outcome.map_or_else(|error| error.report(), |()| 0)
}
