//! The command line: the commands, and the functions that run them.

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    answer, completions, config, decide, demo, disable, doctor, explain, fleet, gc, go, handoff, install, log, man,
    pickup, project, replay, resume, run, schema, session, status, uninstall, view,
};
use crate::output::report::report;

/// Gives every long piece of coding-agent work exactly one owner.
#[derive(Parser)]
#[command(name = "baton", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Handle one agent event from standard input (the agents' hooks call this)
    Hook(crate::hook::Hook),
    /// Show what needs you, what is running and what was lost (the default command)
    Status(status::Status),
    /// Show the live view in this terminal
    Top(view::Top),
    /// Serve the live view to a browser on this machine
    Serve(view::Serve),
    /// Start, advance, inspect and end runs
    #[command(subcommand)]
    Run(run::Run),
    /// List and manage the agents' sessions
    #[command(subcommand)]
    Session(session::Session),
    /// Resume sessions after a crash, a closed terminal or a reboot
    Resume(resume::Resume),
    /// Switch to the pane of a session or of a run's owner
    Go(go::Go),
    /// Hand a session over to another machine of the fleet
    Handoff(handoff::Handoff),
    /// Pick up a session that another machine of the fleet handed over
    Pickup(pickup::Pickup),
    /// Answer an agent that waits, by typing into its pane
    Answer(answer::Answer),
    /// Show, save and restore protected files
    #[command(subcommand)]
    Project(project::Project),
    /// Share runs with your other machines through a database
    #[command(subcommand)]
    Fleet(fleet::Fleet),
    /// Add baton's hooks to the agents' configuration
    Install(install::Install),
    /// Remove baton's hooks from the agents' configuration
    Uninstall(uninstall::Uninstall),
    /// Check the installation and suggest fixes
    Doctor(doctor::Doctor),
    /// Turn off baton's hooks, everywhere or in this project
    Disable(disable::Disable),
    /// Turn baton's hooks on again
    Enable(disable::Enable),
    /// Print every setting with its value, origin and default
    Config(config::Config),
    /// Archive, trash and remove old sessions
    Gc(gc::Gc),
    /// Explain one decision: what it saw, which rule applied and what changed
    Explain(explain::Explain),
    /// Print the recorded decisions, newest last
    Log(log::Log),
    /// Play a run through a crash and a resume in a temporary state
    Demo(demo::Demo),
    /// Decide a JSON request from standard input
    #[command(hide = true)]
    Decide(decide::Decide),
    /// Replay recorded decisions and report differences
    #[command(hide = true)]
    Replay(replay::Replay),
    /// Print a JSON Schema of a format that baton reads or writes
    #[command(hide = true)]
    Schema(schema::Schema),
    /// Print shell completions
    #[command(hide = true)]
    Completions(completions::Completions),
    /// Print the manual page
    #[command(hide = true)]
    Man(man::Man),
    #[command(name = "demo-agent", hide = true)]
    DemoAgent(demo::agent::DemoAgent),
}

/// Returns the commands that are not hidden.
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

/// Runs the command line and reports an error on stderr. Returns the exit status.
#[must_use]
pub fn main() -> u8 {
    if let Some(hook) = crate::hook::Hook::from_plain_arguments(std::env::args_os()) {
        return hook.run();
    }
    if let Some(status) = status::Status::from_plain_arguments(std::env::args_os()) {
        return status.exit_status();
    }
    let cli = match Cli::try_parse() {
        // Both agents interpret exit status 2, which clap uses for a wrong command line, as an order to block the
        // prompt.
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
        Command::Top(top) => top.run(),
        Command::Serve(serve) => serve.run(),
        Command::Hook(hook) => return hook.run(),
        Command::Run(run) => run.run(),
        Command::Session(session) => session.run(),
        Command::Resume(resume) => resume.run(),
        Command::Go(go) => go.run(),
        Command::Handoff(handoff) => handoff.run(),
        Command::Pickup(pickup) => pickup.run(),
        Command::Answer(answer) => answer.run(),
        Command::Config(config) => config.run(),
        Command::Project(project) => project.run(),
        Command::Fleet(fleet) => fleet.run(),
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
        Command::Completions(completions) => completions.run(visible_commands()),
        Command::Man(man) => man.run(visible_commands()),
        Command::DemoAgent(agent) => agent.run(),
    };
    outcome.map_or_else(|error| report(&error), |()| 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::Cli;

    /// The names of the command and of all commands below it.
    fn names(command: &clap::Command, name: &str, found: &mut BTreeSet<String>) {
        found.insert(if name.is_empty() { "baton".to_owned() } else { name.to_owned() });
        for below in command.get_subcommands() {
            names(below, format!("{name}-{}", below.get_name()).trim_start_matches('-'), found);
        }
    }

    /// The tests of every command, such as the one that it opens no socket, go through those that have a snapshot.
    #[test]
    fn every_command_has_a_snapshot_also_those_that_are_hidden() {
        let mut commands = BTreeSet::new();
        names(&Cli::command(), "", &mut commands);
        // `baton demo` starts it, and speaks with it in a way of its own.
        assert!(commands.remove("demo-agent"));
        let snapshots = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/it/cli/snapshots");
        let files = std::fs::read_dir(snapshots).unwrap().map(|entry| entry.unwrap().path());
        let known: BTreeSet<String> =
            files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(commands, known);
    }
}
