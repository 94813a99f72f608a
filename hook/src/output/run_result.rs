//! The result of a decision on a run, as the user reads it.

use agent_baton_core::fence::Fence;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Command, Input};
use agent_baton_core::run::{MAX_PHASE, Run, is_printable};

use crate::context::{Context, Outcome};
use crate::error::CommandError;
use crate::output;
use crate::output::json::RunView;

/// A short free text of the owner: one printable line.
#[derive(Debug, Clone)]
pub struct Phase(String);

impl std::str::FromStr for Phase {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.chars().count() <= MAX_PHASE && text.chars().all(is_printable);
        fits.then(|| Self(text.to_owned())).ok_or_else(|| format!("one line of up to {MAX_PHASE} printable characters"))
    }
}

impl From<Phase> for String {
    fn from(phase: Phase) -> Self {
        phase.0
    }
}

/// Prints the run if the decision is the expected one. Otherwise returns the refusal.
///
/// # Errors
/// Returns the refusal, with its exit status.
pub fn print_result(
    context: &Context,
    done: &Outcome,
    expected: Reason,
    json: bool,
    words: impl FnOnce(&Run) -> String,
) -> Result<(), CommandError> {
    let reason = done.decision.reason;
    if reason != expected {
        return Err(refusal(context, done, reason));
    }
    let Some(run) = done.run() else { return Err(CommandError::InternalError) };
    if json {
        output::print_json(&RunView::new(run, context.owner_liveness(&context.liveness_check(), run)))
    } else {
        output::print(&baton_display::strip_control_chars_by_line(&words(run)))
    }
}

/// Returns the refusal for a user, with the remedy.
#[must_use]
pub fn refusal(context: &Context, done: &Outcome, reason: Reason) -> CommandError {
    let run = done.run();
    let named = || {
        run.map_or_else(
            || "the run".to_owned(),
            |run| format!("run {} ({})", baton_display::strip_control_chars(run.name.as_str()), run.id),
        )
    };
    let what = match reason {
        Reason::FenceStale => {
            let yours = match &done.request.input {
                Input::Command(command) => match command.as_ref() {
                    Command::Update { caller, .. }
                    | Command::Verify { caller, .. }
                    | Command::Finish { caller, .. } => caller.fence,
                    _ => None,
                },
                Input::Event(_) => None,
            };
            match (run, yours) {
                (Some(run), Some(yours)) if yours < run.fence => {
                    format!("{}{}. {}", named(), done.describe_transfer(context), stale_fence_message(yours, run.fence))
                }
                (Some(run), _) => format!("{} has fence {}, not the one you gave", named(), run.fence),
                _ => "the fence you gave is not the run's".to_owned(),
            }
        }
        Reason::NotOwner => format!(
            "{} is not yours: {}. Give its fence with --fence, or run this command from a tool of its owner",
            named(),
            done.describe_owner(context)
        ),
        Reason::OwnerAlive => {
            format!("{} is not free: {}{}", named(), done.describe_owner(context), take_over(run, "take it anyway", "--take"))
        }
        Reason::OwnerUnverifiable => {
            format!(
                "{} is not free: {}, and baton cannot tell whether it is alive{}",
                named(),
                done.describe_owner(context),
                take_over(run, "take it if you know that it is not alive", "--force")
            )
        }
        Reason::AlreadyOwner => format!("{} already belongs to that session and process", named()),
        Reason::AlreadyEnded => {
            let status = run.map_or("ended", |run| run.status.name());
            format!("{} is already {status}; nothing was changed", named())
        }
        Reason::IterationCountedByLoop => format!(
            "{} is a loop and counts its iterations itself. To end it: baton run finish or baton run cancel",
            named()
        ),
        Reason::SessionOwnsRun => format!(
            "the session already owns an unfinished run: {}. Finish or cancel that run first",
            done.other_runs().join(", ")
        ),
        Reason::NoLiveLaunch => {
            "that session has no live process that could own the run; resume it first".to_owned()
        }
        Reason::SupervisedRun => format!(
            "{} belongs to a command (`baton run with`), so no session can own it. Start the same command again to continue it, or cancel it",
            named()
        ),
        Reason::SupervisedIteration => {
            "the session was started by a supervised command and is an iteration of its run, so it cannot own a run itself".to_owned()
        }
        Reason::RecordUnreadable => return CommandError::Unreadable,
        Reason::RunNotFound | Reason::SessionNotFound => return CommandError::NotFound(reason.sentence().to_owned()),
        _ => reason.sentence().to_owned(),
    };
    CommandError::Refused { reason, what }
}

/// The command that moves the run in spite of its owner.
fn take_over(run: Option<&Run>, what: &str, option: &str) -> String {
    run.map_or_else(String::new, |run| format!(". To {what}: baton run adopt {} {option}", run.id))
}

/// The refusal of a writer whose fence is not the run's current one.
fn stale_fence_message(yours: Fence, current: Fence) -> String {
    format!("Your fence {yours} is stale; the current fence is {current}.")
}
