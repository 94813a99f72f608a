//! The command that says whether a loop's work is done.

use agent_baton_core::run::Run;
use baton_engine::loops::approval;
use baton_engine::loops::definition::LoopDefinition;

use super::Context;

/// The `--done-when` command of a loop.
pub struct LoopCheck {
    /// The command line, for a terminal.
    pub command: String,
    /// Whether a user approved it for this run. Without that, each Stop pauses the loop.
    pub is_approved: bool,
}

impl Context {
    /// Returns the command of an unfinished loop, or `None` if there is none or its definition cannot be read.
    #[must_use]
    pub fn loop_check(&self, run: &Run) -> Option<LoopCheck> {
        run.loop_state.as_ref().filter(|_| run.status.is_unfinished())?;
        let bytes = self.store().read_loop_definition(&run.id).ok()??;
        let done_when = LoopDefinition::from_bytes(&bytes)?.done_when?;
        let is_approved = approval::is_granted(&self.account_home()?, &run.id, &done_when);
        Some(LoopCheck { command: baton_display::strip_control_chars(&done_when.command), is_approved })
    }
}
