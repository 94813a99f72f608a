//! The loops of a session that was handed over: their definitions, and the user's approval of their commands here.

use std::io::IsTerminal;
use std::path::Path;

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::run::Run;
use baton_display::strip_control_chars;
use baton_engine::loops::approval;
use baton_engine::loops::definition::LoopDefinition;

use crate::commands::run::loop_options::command_environment;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;

/// Stores the definitions of the loops among these runs for the project in `root`, and asks the user to approve their commands.
/// Only definitions that the runs were started with are taken.
///
/// # Errors
/// Returns an error if a file cannot be written, or if the terminal cannot be read.
pub(super) fn store(
    context: &Context,
    session: &str,
    runs: &[Run],
    definitions: &[(RunId, LoopDefinition)],
    root: &Path,
) -> Result<(), CommandError> {
    for run in runs {
        let Some(loop_state) = &run.loop_state else { continue };
        let is_own = |definition: &&LoopDefinition| definition.digest() == loop_state.limits.definition;
        let definition = definitions.iter().find(|(id, _)| *id == run.id).map(|(_, it)| it).filter(is_own);
        let Some(definition) = definition else {
            output::notice(&format!(
                "the archive does not have the definition of the loop {} ({}), so it cannot go on; `baton run cancel {}` ends it",
                run.name.as_str(),
                run.id,
                run.id
            ));
            continue;
        };
        let here = definition.moved_to(root, command_environment());
        if here.done_when.is_none() || !is_approved(context, run, &here) {
            context.remove_loop_definition(&run.id);
            context.store().write_loop_definition(&run.id, &here.to_bytes())?;
            approve(context, session, run, &here)?;
        }
    }
    Ok(())
}

/// Asks the user once more about the loops of a session that was picked up before, if a command has no approval here.
///
/// # Errors
/// Like [`store`].
pub(super) fn ask_again(context: &Context, session: &SessionId) -> Result<(), CommandError> {
    for run in context.fleet_runs()?.iter().filter(|run| run.status.is_unfinished() && run.owner.is_session(session)) {
        let stored = context.store().read_loop_definition(&run.id).ok().flatten();
        let definition = stored.as_deref().and_then(LoopDefinition::from_bytes);
        if let Some(definition) = definition.filter(|definition| !is_approved(context, run, definition)) {
            approve(context, session.as_str(), run, &definition)?;
        }
    }
    Ok(())
}

/// Returns whether this machine has the definition and the approval from an earlier pickup.
fn is_approved(context: &Context, run: &Run, definition: &LoopDefinition) -> bool {
    let stored = context.store().read_loop_definition(&run.id).ok().flatten();
    let stored = stored.as_deref().and_then(LoopDefinition::from_bytes);
    let Some(done_when) = stored.filter(|stored| stored.digest() == definition.digest()).and_then(|it| it.done_when)
    else {
        return false;
    };
    let is_here = Some(&done_when.directory) == definition.done_when.as_ref().map(|it| &it.directory);
    is_here && context.account_home().is_some_and(|home| approval::is_granted(&home, &run.id, &done_when))
}

/// Asks the user to approve the command of a loop. It must be their own terminal, without an agent above that could type the
/// answer.
fn approve(context: &Context, session: &str, run: &Run, definition: &LoopDefinition) -> Result<(), CommandError> {
    let Some(done_when) = &definition.done_when else { return Ok(()) };
    let name = run.name.as_str();
    let command = strip_control_chars(&done_when.command);
    let directory = strip_control_chars(&done_when.directory.display().to_string());
    let is_own_terminal = context.inspector().lineage().is_none() && std::io::stdin().is_terminal();
    let question = || {
        format!(
            "the loop {name} is done only when this command succeeds, which another machine gave:\n\n    {command}\n\n\
             it would run in {directory}, at the end of a turn, with your rights. Approve it on this machine?"
        )
    };
    if is_own_terminal && output::confirm_at_terminal(question)? {
        let home = context.account_home().ok_or_else(|| {
            CommandError::failed("the account database names no home directory for this account")
                .hint("your approval of the command would be stored in that directory")
        })?;
        return approval::grant(&home, &run.id, done_when).map_err(|source| {
            CommandError::cannot("store your approval of the command below", home.display(), source)
        });
    }
    output::notice(&format!(
        "the loop {name} is done only when `{command}` succeeds, and you have not approved that command on this machine: each \
         time the agent wants to stop, the loop pauses. `baton pickup {session}` in a terminal of your own asks for your approval"
    ));
    Ok(())
}
