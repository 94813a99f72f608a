//! `baton fleet join`.

use std::path::Path;
use std::time::Instant;

use baton_fleet_client::{FleetError, Waiting, join, random_bits};
use baton_installer::witness_timer::Scheduler;
use clap::Args;

use super::leave::what_is_abandoned;
use super::machine_name::{MachineName, display_name};
use crate::context::{Context, TimerOfState};
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;

/// Add this machine to the fleet.
#[derive(Args)]
pub struct Join {
    /// Name of this machine, for people [default: the host's name]
    #[arg(long)]
    name: Option<MachineName>,
    /// Install no timer: you start `baton fleet witness` each minute by other means
    #[arg(long)]
    no_timer: bool,
}

impl Join {
    /// Joins, installs the timer, and does the first round of the witness.
    ///
    /// # Errors
    /// Refused if this machine joined already. Also fails if the database cannot be asked.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        if let Some(joined) = context.membership()? {
            let what = format!("this machine is {} of the fleet {} already", display_name(&joined.name), joined.fleet);
            return Err(CommandError::refused(what).hint("`baton fleet leave` removes it from there"));
        }
        let name = self.name.or_else(MachineName::of_host).ok_or_else(|| {
            CommandError::refused("the host's name cannot be the name of a machine").hint("give one with --name")
        })?;
        // This creates the state directory where it does not exist yet, and refuses one of a newer baton.
        drop(context.lock()?);
        let deadline = Instant::now() + Waiting::Command.limit();
        let joined = join(context.store(), &context.database(), name.as_str(), &context.now(), deadline)?;
        output::print(&format!(
            "{} joined the fleet {} ({})\n",
            display_name(&joined.name),
            joined.fleet,
            joined.machine
        ))?;
        if let Some(abandoned) = context.release_copies(Some(&joined.fleet))? {
            output::print(&what_is_abandoned(&abandoned))?;
        }
        if self.no_timer {
            output::print("no timer was installed: start `baton fleet witness --quiet` each minute yourself\n")?;
        } else {
            output::print(&install_timer(context.store().path())?)?;
        }
        match context.witness() {
            Ok(round) => round.notices.iter().for_each(|notice| output::notice(notice)),
            Err(error) => output::notice(&error.in_one_line()),
        }
        output::print(
            "`baton run start NAME --fleet` starts a run of the fleet. Whatever `projects` in the table [fleet] of the \
             configuration names does so without --fleet.\n",
        )
    }
}

/// Installs the timer. Where nothing takes it, the machine is in the fleet nevertheless, and the user starts the witness.
fn install_timer(state: &Path) -> Result<String, CommandError> {
    let place = TimerOfState::new(state);
    let second = u8::try_from(random_bits().map_err(FleetError::from)? % 60).unwrap_or(0);
    let installed = place.timer().install(&place.command()?, second);
    Ok(match installed {
        Ok(Scheduler::Systemd(timer)) => format!(
            "a timer of your systemd starts the witness each minute: {}\nIt runs while you are logged in; `loginctl \
             enable-linger` keeps it running after that.\n",
            timer.display()
        ),
        Ok(Scheduler::Cron) => "a line of your crontab starts the witness each minute\n".to_owned(),
        Err(error) => {
            output::notice(&error.to_string());
            "no timer was installed: start `baton fleet witness --quiet` each minute yourself\n".to_owned()
        }
    })
}
