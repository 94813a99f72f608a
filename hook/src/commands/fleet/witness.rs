//! `baton fleet witness`.

use baton_display::format_count;
use baton_fleet_client::Round;
use clap::Args;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;

/// Tell the fleet which owners on this machine are alive.
#[derive(Args)]
pub struct Witness {
    /// Print only what you must know, and errors
    #[arg(long)]
    quiet: bool,
}

impl Witness {
    /// Does one round.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, or if the database cannot be asked.
    pub fn run(self) -> Result<(), CommandError> {
        let round = Context::open()?.witness()?;
        round.notices.iter().for_each(|notice| output::notice(notice));
        if self.quiet { Ok(()) } else { output::print(&text(&round)) }
    }
}

fn text(round: &Round) -> String {
    let mut parts = Vec::new();
    let mut add = |count: usize, one, many, did: &str| {
        if count > 0 {
            parts.push(format!("{} {did}", format_count(count, one, many)));
        }
    };
    add(round.renewed, "lease", "leases", "renewed");
    add(round.ended, "owner", "owners", "reported to have ended");
    add(round.unknown, "owner", "owners", "whose liveness is unknown");
    add(round.refreshed, "run", "runs", "brought in line with the database");
    match parts.is_empty() {
        true => "no run of the fleet is owned here, and all are as the database has them\n".to_owned(),
        false => format!("{}\n", parts.join(", ")),
    }
}
