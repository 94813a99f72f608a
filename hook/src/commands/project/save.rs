//! `baton project save`.

use std::path::PathBuf;

use agent_baton_core::process::Live;
use clap::Args;

use super::Named;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::protect::Custody;
use crate::protect::record::State;
use crate::store::PackKind;

/// Saves a project's protected files as they are now. While sessions are there, these are what the last one gives back; with nobody
/// there, the project counts as the person's own again.
#[derive(Args)]
pub struct Save {
    /// The project's path [default: that of the present directory]
    project: Option<PathBuf>,
}

impl Save {
    /// Saves them.
    ///
    /// # Errors
    /// Where nothing is protected in it, or they cannot be saved.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let named = Named::find(&context, self.project.as_deref())?;
        let present = named.record().map(|record| record.present).unwrap_or_default();
        let (_, sights) = context.company(&named.project, &present)?;
        let now = context.now();
        let mut locked = context.lock()?;
        let mut custody =
            Custody { locked: &mut locked, vault: &named.vault, project: &named.project, now: &now, until: None };
        let mut record = custody.record()?;
        let anyone = custody.anyone(&record, |company| context.look(company, sights), context.place())?;
        let told = record.untold.len();
        let saved = custody.save(&mut record, &named.paths)?;
        let path = named.vault.path(PackKind::Backup, saved.backup);
        // With nobody there, what changes from now on is the person's.
        record.state = if anyone == Live::No { State::Idle } else { State::Saved(saved) };
        if anyone == Live::No {
            record.present.clear();
        }
        for text in record.untold.drain(told.min(record.untold.len())..) {
            print::say(&text);
        }
        custody.keep(&mut record)?;
        print::lines(&format!("saved in {}\n", path.display()))
    }
}
