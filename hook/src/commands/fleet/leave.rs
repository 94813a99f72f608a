//! `baton fleet leave`.

use std::time::Instant;

use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;
use baton_display::{error_chain, format_ago, format_count};
use baton_fleet_client::{FleetError, Membership, Waiting, forget, leave};
use baton_fleet_protocol::{Answer, Cause, GONE_AFTER_MS, Machine, Request, Row, RowOwner};
use clap::Args;

use super::machine_name::display_name;
use crate::commands::handoff::find_machine;
use crate::context::{Context, TimerOfState};
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::run_result::run_label;

/// Remove this machine from the fleet.
#[derive(Args)]
pub struct Leave {
    /// Leave although the database cannot be asked: what it stores about this machine stays there
    #[arg(long)]
    force: bool,
    /// Remove another machine, which does not come back: its name or id, as `baton fleet status` lists them
    #[arg(long, value_name = "MACHINE", conflicts_with = "force")]
    machine: Option<String>,
}

impl Leave {
    /// Leaves, and abandons the copies of the fleet's runs. Where an older baton left without doing that, it does it now.
    ///
    /// # Errors
    /// Refused while this machine owns unfinished runs of the fleet, or has picked up a session that nobody resumed. Fails if the database cannot be asked, except with
    /// `--force`.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        if let Some(text) = &self.machine {
            return remove_other(&context, text);
        }
        let Some(membership) = context.membership()? else {
            let abandoned = context.release_copies(None)?.ok_or(FleetError::NotJoined)?;
            return output::print(&format!("this machine has joined no fleet\n{}", what_is_abandoned(&abandoned)));
        };
        let mut owned = context.owned_fleet_runs(&membership)?;
        if !owned.is_empty() {
            match context.witness() {
                Ok(_) => {
                    // Another machine may have taken some of them since.
                    owned = context.owned_fleet_runs(&membership)?;
                    if !owned.is_empty() {
                        return Err(refusal(&owned));
                    }
                }
                Err(_) if self.force => {}
                Err(error) => return Err(refusal_without_database(&owned, &error)),
            }
        }
        if !self.force
            && let Some(waiting) = picked_up(&context, &membership)
        {
            return Err(waiting);
        }
        let deadline = Instant::now() + Waiting::Command.limit();
        let text = match leave(context.store(), &context.database(), deadline) {
            Ok(()) => format!("{} left the fleet {}\n", display_name(&membership.name), membership.fleet),
            Err(error) if is_unreachable(&error) && self.force => {
                output::notice(&error.in_one_line());
                forget(context.store())?;
                what_stays(&membership, &owned)
            }
            Err(error) if is_unreachable(&error) => {
                let hint = error.hint().map(|hint| format!("{hint}; ")).unwrap_or_default();
                let forced =
                    "`baton fleet leave --force` removes this machine's files and leaves the database as it is";
                return Err(CommandError::from(error).hint(format!("{hint}{forced}")));
            }
            Err(error) => return Err(error.into()),
        };
        remove_timer(&context);
        output::print(&text)?;
        // Without the membership, nothing but this ends them. If it is interrupted, it can be repeated.
        let abandoned = context.release_copies(None)?.unwrap_or_default();
        output::print(&what_is_abandoned(&abandoned))
    }
}

/// Removes a machine whose state directory is gone, so that nobody can call `leave` there.
fn remove_other(context: &Context, text: &str) -> Result<(), CommandError> {
    let here = context.joined()?.machine;
    let (mut connection, deadline) = context.connect()?;
    let Answer::Rows(rows) = connection.ask(&Request::List { limit: 1 }, deadline)? else {
        return Err(FleetError::Answer.into());
    };
    let others: Vec<Machine> = rows.machines.into_iter().filter(|machine| machine.id != here).collect();
    let machine = find_machine(&others, text, |machine| machine.seen_ms > GONE_AFTER_MS)?;
    let name = format!("{} ({})", display_name(&machine.name), machine.id);
    match connection.ask(&Request::Remove { machine: machine.id }, deadline)? {
        Answer::Done => output::print(&format!("the machine {name} was removed from the fleet\n")),
        Answer::Conflict { runs } => Err(match runs.first() {
            Some(first) => {
                let runs: Vec<&str> = runs.iter().map(RunId::as_str).collect();
                CommandError::refused(format!(
                    "the machine {name} owns unfinished runs of the fleet: {}",
                    runs.join(", ")
                ))
                .hint(format!("cancel them: `baton run cancel {first}`; or adopt them in a session of this machine"))
            }
            None => CommandError::refused(format!(
                "the machine {name} was at the database {}, so it may still be in use",
                format_ago(machine.seen_ms)
            ))
            .hint("`baton fleet leave` on that machine removes it; after an hour without it, any machine can do so"),
        }),
        _ => Err(FleetError::Answer.into()),
    }
}

/// Returns whether the database cannot be asked, or is not the one that this machine joined.
fn is_unreachable(error: &FleetError) -> bool {
    match error {
        FleetError::Store(_) | FleetError::Lock(_) | FleetError::NotJoined | FleetError::Random(_) => false,
        error => !matches!(error.cause(), Some(Cause::OtherEpoch | Cause::Busy)),
    }
}

/// Returns the refusal if a session waits here that was picked up with its run: nobody else could go on with it. If the database
/// cannot be asked, leaving says so.
fn picked_up(context: &Context, membership: &Membership) -> Option<CommandError> {
    let rows = context.with_handoffs(|handoffs| Ok(handoffs.list()?)).ok()?.rows;
    let is_here =
        |row: &&Row| matches!(&row.owner, RowOwner::Handoff { picked_up: Some(by), .. } if *by == membership.machine);
    let run = rows.into_iter().find(|row| is_here(&row))?.run;
    let session = run.owner.session.as_ref().map_or_else(String::new, ToString::to_string);
    Some(
        CommandError::refused(format!(
            "this machine picked up session {session}, and nobody has resumed it, so nobody owns its {}",
            run_label(&run)
        ))
        .hint(format!("`baton handoff {session}` hands it on, or `baton resume {session}` goes on with it here")),
    )
}

fn refusal(owned: &[Run]) -> CommandError {
    let first = owned.first().map_or_else(String::new, |run| run.id.to_string());
    let names: Vec<String> = owned.iter().map(run_label).collect();
    CommandError::refused(format!("this machine owns unfinished runs of the fleet: {}", names.join(", ")))
        .hint(format!("finish them, hand their sessions over, or end them: `baton run cancel {first}`"))
}

/// The refusal where the database cannot be asked about the runs, so that the advice of [`refusal`] could not be followed.
fn refusal_without_database(owned: &[Run], error: &CommandError) -> CommandError {
    let names: Vec<String> = owned.iter().map(run_label).collect();
    let problem = error_chain(error);
    let hint = error.hint().map(|hint| format!("{hint}; ")).unwrap_or_default();
    CommandError::refused(format!(
        "this machine owns unfinished runs of the fleet, and its database cannot be asked about them ({problem}): {}",
        names.join(", ")
    ))
    .hint(format!("{hint}`baton fleet leave --force` abandons them here and leaves the database as it is"))
}

/// Returns which runs were abandoned, or nothing if there are none.
#[must_use]
pub fn what_is_abandoned(abandoned: &[Run]) -> String {
    let Some(first) = abandoned.first() else { return String::new() };
    let names: Vec<String> = abandoned.iter().map(run_label).collect();
    format!(
        "abandoned here, because no fleet decides about them any more: {}\n`baton run adopt {}` continues one on this machine alone, \
         for a session\n",
        names.join(", "),
        first.id
    )
}

/// Returns what stays in the database of a machine that left without it.
fn what_stays(membership: &Membership, owned: &[Run]) -> String {
    let mut text = format!(
        "{} forgot the fleet {}. The database still has the machine {}",
        display_name(&membership.name),
        membership.fleet,
        membership.machine
    );
    if !owned.is_empty() {
        let names: Vec<String> = owned.iter().map(run_label).collect();
        let count = format_count(owned.len(), "run", "runs");
        text.push_str(&format!(
            " and {count} that it owns: {}. Once their leases have ended, another machine can take them",
            names.join(", ")
        ));
    }
    text + "\n"
}

fn remove_timer(context: &Context) {
    let place = TimerOfState::new(context.store().path());
    if let Err(error) = place.timer().remove() {
        output::notice(&format!("the timer was not removed: {}", error.in_one_line()));
    }
}
