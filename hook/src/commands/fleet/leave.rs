//! `baton fleet leave`.

use std::time::Instant;

use agent_baton_core::run::Run;
use baton_display::format_count;
use baton_fleet_client::{FleetError, Membership, Waiting, forget, leave};
use baton_fleet_protocol::{Cause, Row, RowOwner};
use clap::Args;

use super::machine_name::display_name;
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
}

impl Leave {
    /// Leaves.
    ///
    /// # Errors
    /// Refused while this machine owns unfinished runs of the fleet, or has picked up a session that nobody resumed. Fails if the database cannot be asked, except with
    /// `--force`.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let membership = context.joined()?;
        let mut owned = context.owned_fleet_runs(&membership)?;
        if !owned.is_empty() && context.witness().is_ok() {
            // Another machine may have taken some of them since.
            owned = context.owned_fleet_runs(&membership)?;
            if !owned.is_empty() {
                return Err(refusal(&owned));
            }
        }
        if !owned.is_empty() && !self.force {
            return Err(refusal(&owned));
        }
        if !self.force
            && let Some(waiting) = picked_up(&context, &membership)
        {
            return Err(waiting);
        }
        let deadline = Instant::now() + Waiting::Command.limit();
        match leave(context.store(), &context.database(), deadline) {
            Ok(()) => {
                remove_timer(&context);
                output::print(&format!("{} left the fleet {}\n", display_name(&membership.name), membership.fleet))
            }
            Err(error) if is_unreachable(&error) && self.force => {
                output::notice(&error.in_one_line());
                forget(context.store())?;
                remove_timer(&context);
                output::print(&what_stays(&membership, &owned))
            }
            Err(error) if is_unreachable(&error) => {
                let hint = error.hint().map(|hint| format!("{hint}; ")).unwrap_or_default();
                let forced =
                    "`baton fleet leave --force` removes this machine's files and leaves the database as it is";
                Err(CommandError::from(error).hint(format!("{hint}{forced}")))
            }
            Err(error) => Err(error.into()),
        }
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
