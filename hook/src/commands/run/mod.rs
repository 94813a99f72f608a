//! `baton run`: one file for each subcommand.

pub mod adopt;
pub mod advance;
pub mod cancel;
pub mod list;
pub mod log;
pub mod loop_options;
pub mod pause;
pub mod show;
pub mod start;
pub mod supervisor;
pub mod with;
pub mod with_command;

use clap::Subcommand;

use crate::error::CommandError;

/// The commands on runs.
#[derive(Subcommand)]
pub enum Run {
    /// Start a run that a session owns
    ///
    /// With --loop, baton keeps the agent working: whenever the owning session wants to stop, it gets the prompt
    /// again, until the condition of --until or --done-when holds or a limit is reached. If you give both conditions,
    /// both must hold.
    ///
    /// The loop pauses when you interrupt a turn or when the model service fails. Codex does not report such a
    /// failure to hooks, so there the loop stops advancing and pauses at your next prompt. `claude -p` and `codex
    /// exec` exit; the loop continues when their session is resumed.
    Start(start::Start),
    /// Report the progress of a run
    Update(advance::Update),
    /// Check that you own a run: exit 0 if you do, 3 if not
    Verify(advance::Verify),
    /// Finish a run, as done or as failed
    Finish(advance::Finish),
    /// Cancel a run for good
    Cancel(cancel::Cancel),
    /// Pause a run until you continue it
    Pause(pause::Pause),
    /// Continue a paused or waiting run
    Continue(pause::Continue),
    /// Move a run to another session
    Adopt(adopt::Adopt),
    /// List the unfinished runs
    List(list::List),
    /// Show everything about one run
    Show(show::Show),
    /// Run a command as a run of its own
    ///
    /// Use this for a script around `claude -p` or `codex exec`. The run ends with the command: exit status 0
    /// finishes it and any other status fails it. A signal leaves it interrupted; start the same command again to
    /// continue the run. The command finds BATON_RUN and BATON_FENCE in its environment. Agents that it starts are
    /// iterations of the run and own no runs themselves.
    With(with::With),
    /// Become the command of a run (called by `run with`)
    #[command(name = "with-command", hide = true)]
    WithCommand(with_command::WithCommand),
    /// Print the progress log of a run
    Log(log::Log),
}

impl Run {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Returns what was refused or went wrong, with its exit status.
    pub fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Start(start) => start.run(),
            Self::Update(update) => update.run(),
            Self::Verify(verify) => verify.run(),
            Self::Finish(finish) => finish.run(),
            Self::Cancel(cancel) => cancel.run(),
            Self::Pause(pause) => pause.run(),
            Self::Continue(command) => command.run(),
            Self::Adopt(adopt) => adopt.run(),
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::With(with) => with.run(),
            Self::WithCommand(with_command) => with_command.run(),
            Self::Log(log) => log.run(),
        }
    }
}
