//! `baton project give-back`.

use std::path::PathBuf;

use agent_baton_core::process::Live;
use clap::Args;

use super::Named;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::protect::plan::{Evidence, Plan};
use crate::protect::record::{Record, Saved, State};
use crate::protect::{Custody, Ending};
use crate::words;

/// Gives a project's protected files back as they were saved. What stands there is kept in its history first.
#[derive(Args)]
pub struct GiveBack {
    /// The project's path [default: that of the present directory]
    project: Option<PathBuf>,
    /// The number of the backup [default: the one to be given back]
    #[arg(long, value_name = "N")]
    backup: Option<u64>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it although sessions are in the project, or may be
    #[arg(long)]
    force: bool,
}

impl GiveBack {
    /// Gives them back. A person's word is enough: what was changed since by whomever is kept and replaced.
    ///
    /// # Errors
    /// Where there is nothing to give back, sessions are there, or not everything could be given back.
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
        let saved = self.chosen(&custody, &record, &named)?;
        if self.dry_run {
            return say(custody.plan(&saved, &Evidence::Sessions).map_err(CommandError::NotGivenBack)?.as_ref());
        }
        let anyone = custody.anyone(&record, |company| context.look(company, sights), context.place())?;
        if anyone != Live::No && !self.force {
            return Err(CommandError::Occupied(format!(
                "sessions are in {}, or may be: they would go on with other files. `baton project show` names them; to do it all \
                 the same: --force",
                named.project
            )));
        }
        let before = record.state.clone();
        record.state = State::Saved(saved);
        let told = record.untold.len();
        let ending = custody.give_back(&mut record, Evidence::Sessions)?;
        // Where sessions are there still, the last one gives back what the first one saved.
        match ending {
            Ending::Done(_) if anyone == Live::No => record.state = State::Idle,
            Ending::Done(_) | Ending::Lost | Ending::Away => record.state = before,
            Ending::Again(_) => {}
        }
        if anyone == Live::No {
            record.present.clear();
        }
        let texts: Vec<String> = record.untold.drain(told.min(record.untold.len())..).collect();
        custody.keep(&mut record)?;
        let text = words::clean_lines(&texts.join("\n"));
        match ending {
            Ending::Done(outcome) if outcome.left.is_empty() => {
                print::lines(&if texts.is_empty() { "everything is as it was saved\n".to_owned() } else { text + "\n" })
            }
            _ => Err(CommandError::NotGivenBack(text)),
        }
    }

    fn chosen(&self, custody: &Custody<'_, '_>, record: &Record, named: &Named) -> Result<Saved, CommandError> {
        match (self.backup, record.saved()) {
            (None, Some(saved)) => Ok(saved.clone()),
            (Some(number), Some(saved)) if saved.backup == number => Ok(saved.clone()),
            (Some(number), _) => custody.backup(number).ok_or_else(|| {
                CommandError::NotFound(format!(
                    "there is no backup {number} of {}; `baton project show` names them",
                    named.project
                ))
            }),
            (None, None) => Err(CommandError::NotFound(format!(
                "nothing is to be given back in {}: its files are yours. An older backup: --backup N",
                named.project
            ))),
        }
    }
}

fn say(planned: Option<&Plan>) -> Result<(), CommandError> {
    let Some(plan) = planned else {
        return Err(CommandError::NotGivenBack("the project is not there; is its disk mounted?".to_owned()));
    };
    let mut text = String::new();
    let mut add = |what: &str, path: &crate::config::Inside, why: &str| {
        text.push_str(&words::clean(&format!("{what} {}{why}", path.path().display())));
        text.push('\n');
    };
    plan.put.iter().for_each(|path| add("would give back", path, ""));
    plan.remove.iter().filter(|path| !plan.put.contains(path)).for_each(|path| add("would take away", path, ""));
    plan.left.iter().chain(&plan.failed).for_each(|(path, why)| add("would leave", path, &format!(": {why}")));
    print::lines(if text.is_empty() { "everything is as it was saved\n" } else { &text })
}
