//! The result of a decision on a run, as the user reads it.

use agent_baton_core::fence::Fence;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Command, Input};
use agent_baton_core::run::{MAX_PHASE, Run, is_printable};
use baton_display::strip_control_chars_by_line;

use crate::context::{Context, Outcome, unreadable};
use crate::error::CommandError;
use crate::output;
use baton_status::RunView;

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
    let Some(run) = done.run() else {
        return Err(CommandError::bug("the core decided without naming a record"));
    };
    if json {
        output::print_json(&RunView::new(
            run,
            context.owner_liveness(&context.liveness_check(), run),
            context.left_for(run),
        ))
    } else {
        output::print(&strip_control_chars_by_line(&words(run)))
    }
}

/// Returns the refusal for a user, with the remedy.
#[must_use]
pub fn refusal(context: &Context, done: &Outcome, reason: Reason) -> CommandError {
    let run = done.run();
    let named = run.map_or_else(|| "the run".to_owned(), run_label);
    let to = match &done.request.input {
        Input::Command(command) => match command.as_ref() {
            Command::Adopt { session, .. } => format!(" --session {session}"),
            _ => String::new(),
        },
        Input::Event(_) => String::new(),
    };
    let id = run.map_or_else(|| "RUN".to_owned(), |run| run.id.to_string());
    fn refused(what: impl Into<String>) -> CommandError {
        CommandError::refused(what)
    }
    match reason {
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
            refused(match (run, yours) {
                (Some(run), Some(yours)) if yours < run.fence => {
                    format!("{named}{}. {}", done.describe_transfer(context), stale_fence_message(yours, run.fence))
                }
                (Some(run), _) => format!("{named} has fence {}, not the one you gave", run.fence),
                _ => "the fence you gave is not the run's".to_owned(),
            })
        }
        Reason::NotOwner if done.elsewhere.is_some() => {
            refused(format!("{named} is not yours: {}", done.describe_owner(context)))
                .hint(format!("`baton run adopt {id} --take` takes it, for a session of this machine"))
        }
        Reason::OwnershipLost => {
            let owner = done.elsewhere.as_ref().map(|_| format!(": {}", done.describe_owner(context)));
            refused(format!("another machine of the fleet owns {named} now{}", owner.unwrap_or_default()))
                .hint(format!("`baton run adopt {id} --take` takes it back, for a session of this machine"))
        }
        Reason::OwnerLapsed => refused(format!("{named} moved, because the lease of its owner had ended")),
        Reason::FleetUnreachable if done.in_doubt => CommandError::in_doubt(format!(
            "nobody knows yet whether the fleet's database has stored the change of {named}, because its answer was lost"
        ))
        .hint("run the command again; it finds out, and goes on from there"),
        Reason::FleetUnreachable => refused(format!(
            "the fleet's database cannot be asked about {named}, and no lease allows this machine to go on without it; nothing \
             was changed"
        ))
        .hint(match context.membership() {
            Ok(None) => "this machine has left the fleet: `baton fleet leave` abandons its runs here, so that they can be ended",
            Ok(Some(_)) | Err(_) => "`baton fleet status` asks it again",
        }),
        Reason::NotOwner => refused(format!("{named} is not yours: {}", done.describe_owner(context)))
            .hint("give its fence with --fence, or run this command from a tool of its owner"),
        Reason::OwnerAlive => refused(format!("{named} is not free: {}", done.describe_owner(context)))
            .hint(format!("`baton run adopt {id} --take{to}` takes it anyway")),
        Reason::OwnerUnverifiable => refused(format!(
            "{named} is not free: {}, and baton cannot tell whether it is alive",
            done.describe_owner(context)
        ))
        .hint(format!("if you know that it is not alive, `baton run adopt {id} --force{to}` takes the run")),
        Reason::AlreadyOwner => refused(format!("{named} already belongs to that session and process")),
        Reason::AlreadyEnded => {
            let status = run.map_or("ended", |run| run.status.name());
            refused(format!("{named} is already {status}; nothing was changed"))
        }
        Reason::IterationCountedByLoop => refused(format!("{named} is a loop and counts its iterations itself"))
            .hint(format!("`baton run finish {id}` says that it is done, `baton run cancel {id}` ends it")),
        Reason::SessionOwnsRun => {
            let others = done.other_runs();
            let other = others.first().map_or_else(|| "RUN".to_owned(), |run| run.id.to_string());
            let others: Vec<String> = others.iter().map(|run| run_label(run)).collect();
            refused(format!("the session already owns an unfinished run: {}", others.join(", ")))
                .hint(format!("finish it first, or end it: `baton run cancel {other}`"))
        }
        Reason::NoLiveLaunch => {
            let refused = refused("that session has no live process that could own the run");
            match done.request.snapshot.session.record() {
                Some(session) => refused.hint(format!("`baton resume {}` resumes it", session.id)),
                None => refused,
            }
        }
        Reason::SupervisedRun => {
            refused(format!("{named} belongs to a command (`baton run with`), so no session can own it"))
                .hint(format!("start the same command again to continue it, or cancel it: `baton run cancel {id}`"))
        }
        Reason::SupervisedIteration => refused(
            "the session was started by a supervised command and is an iteration of its run, so it cannot own a run itself",
        ),
        Reason::RecordUnreadable => unreadable(None),
        Reason::RunNotFound | Reason::SessionNotFound => CommandError::not_found(reason.sentence()),
        _ => refused(reason.sentence()),
    }
}

/// Returns a run's name and id.
#[must_use]
pub fn run_label(run: &Run) -> String {
    format!("run {} ({})", run.name.as_str(), run.id)
}

/// The refusal of a writer whose fence is not the run's current one.
fn stale_fence_message(yours: Fence, current: Fence) -> String {
    format!("Your fence {yours} is stale; the current fence is {current}.")
}
