//! `baton run`: one file for each thing that can be done with runs.

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

use crate::output::error::CommandError;

/// The commands on runs.
#[derive(Subcommand)]
pub enum Run {
    /// Start a run that a session owns
    ///
    /// With --loop it drives its agent: whenever the session that owns it wants to stop, the prompt goes in again, until what --until or
    /// --done-when names has come, or a limit is reached. Of both, both must come.
    ///
    /// It pauses when you interrupt the turn, and when the service fails. Claude Code says so at once; Codex says nothing, so there the
    /// loop stands still, and pauses at your next prompt. `claude -p` and `codex exec` end with their service: the loop goes on where their
    /// session is resumed.
    Start(start::Start),
    /// Say how far a run is
    Update(advance::Update),
    /// Check that you own a run: exit 0 if you do, 3 if not
    Verify(advance::Verify),
    /// End a run as done, or as failed
    Finish(advance::Finish),
    /// End a run by your word; nothing brings it back
    Cancel(cancel::Cancel),
    /// Pause a run until you let it go on
    Pause(pause::Pause),
    /// Let a run go on that is paused or waits
    Continue(pause::Continue),
    /// Give a run whose owner is gone to a session
    Adopt(adopt::Adopt),
    /// List the unfinished runs
    List(list::List),
    /// Show one run whole
    Show(show::Show),
    /// Run a command as a run of its own
    ///
    /// For a loop that is a script around `claude -p` or `codex exec`. The run ends as the command does: status 0 finishes it, another
    /// fails it, a signal leaves it interrupted, and then the same command goes on with the same run. The command finds BATON_RUN and
    /// BATON_FENCE in its environment. Agents that it starts are iterations of the run, and own nothing themselves. Linux only, so far.
    With(with::With),
    /// Become the command of a run (called by `run with`)
    #[command(name = "with-command", hide = true)]
    WithCommand(with_command::WithCommand),
    /// Print the progress log of a run
    Log(log::Log),
}

impl Run {
    /// Does it.
    ///
    /// # Errors
    /// What was refused or went wrong, with its exit status.
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
