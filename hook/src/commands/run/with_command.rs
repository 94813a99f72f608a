//! The program that `baton run with` starts. It records its own process as the run's command, and then becomes the
//! command.
//!
//! So no command runs that the record does not name. If its supervisor was killed and replaced before this point, its
//! fence is stale and it is refused.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command as Program;

use agent_baton_core::fence::Fence;
use agent_baton_core::id::RunId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;
use clap::Args;

use crate::commands::run::supervisor::blocked_signals;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::run_result::refusal;
use baton_agents::COMMAND_SESSION_VARIABLE;
use baton_display::strip_control_chars;
use baton_system::identity;

/// Become the command of a run.
#[derive(Args)]
pub struct WithCommand {
    run: RunId,
    fence: u64,
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl WithCommand {
    /// Becomes the command. Returns only on failure.
    ///
    /// # Errors
    /// Refused if the fence is stale. Also fails if the program cannot be run.
    pub fn run(self) -> Result<(), CommandError> {
        // The supervisor blocks these signals, and a program inherits that.
        let _ = blocked_signals().thread_unblock();
        let context = Context::open()?;
        let own = context.own_process()?;
        let child = identity(&own, context.place());
        let done = context.decide(Command::Attach { run: self.run, fence: Fence(self.fence), child })?;
        if done.decision.reason != Reason::Attached {
            return Err(refusal(&context, &done, done.decision.reason));
        }
        let [program, arguments @ ..] = self.command.as_slice() else {
            return Err(CommandError::bug("a run has no command"));
        };
        // What the command starts keeps this, and so can be told from a daemon, which begins a session of its own.
        let failed =
            Program::new(program).args(arguments).env(COMMAND_SESSION_VARIABLE, own.session.to_string()).exec();
        output::notice(&format!("cannot run {}: {failed}", strip_control_chars(&program.to_string_lossy())));
        // Exit as a shell does: 127 if the program does not exist, 126 if it cannot be run.
        std::process::exit(if failed.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
    }
}
