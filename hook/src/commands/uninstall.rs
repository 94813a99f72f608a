//! `baton uninstall`: takes out what the receipt lists, and nothing else.

use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Shelf;
use clap::Args;

use crate::commands::context::{here, of_person};
use crate::commands::difference;
use crate::commands::error::CommandError;
use crate::commands::hook::AgentName;
use crate::commands::print::say;
use crate::commands::project;
use crate::config;
use crate::store::{Env, Home, Store};
use crate::wiring::WiringError;
use crate::wiring::file::{Source, sha256};
use crate::wiring::place::Places;
use crate::wiring::receipt::{Lock, Receipt};
use crate::wiring::strip::{is_hollow, strip};
use crate::words;

/// Takes out of the agents' configuration what install put in, also where it was edited since. Shows the difference and asks.
#[derive(Args)]
pub struct Uninstall {
    /// Only this agent
    #[arg(long, value_enum)]
    agent: Option<AgentName>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Remove baton's state too: every session, run and decision it keeps
    #[arg(long)]
    purge: bool,
}

/// One file without what was put in.
struct Taken {
    path: PathBuf,
    source: Source,
    /// None: the file goes, as install made it and nothing else is in it.
    after: Option<String>,
    backup: Option<PathBuf>,
}

impl Uninstall {
    /// Uninstalls.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the person said no.
    pub fn run(self) -> Result<(), CommandError> {
        let state = self.purge.then(state).transpose()?;
        let places = Places::find()?;
        if places.receipt().exists() {
            let lock = Lock::take(&places.lock())?;
            let mut receipt = Receipt::load(&places.receipt())?;
            self.take_out(&places, &mut receipt)?;
            if receipt.files.is_empty() {
                std::fs::remove_file(places.receipt()).map_err(WiringError::io("remove", &places.receipt()))?;
                lock.remove(&receipt.dirs);
            }
        } else {
            say("install put nothing anywhere, as far as its receipt tells; `baton doctor` names entries made by hand");
        }
        state.map_or(Ok(()), |store| self.purge(&store))
    }

    fn take_out(&self, places: &Places, receipt: &mut Receipt) -> Result<(), CommandError> {
        let wanted = |agent: Agent| self.agent.is_none_or(|named| Agent::from(named) == agent);
        let mut taken = Vec::new();
        for (path, wired) in receipt.files.iter().filter(|(_, wired)| wanted(wired.agent)) {
            let source = Source::read(path)?;
            let rest = strip(&source.real, source.text(), wired)?;
            let gone = source.text.is_none() || (wired.created && is_hollow(&rest));
            let after = (!gone).then_some(rest);
            taken.push(Taken { path: path.clone(), source, after, backup: wired.backup.clone() });
        }
        let last = receipt.files.len() == taken.len();
        let mut text: String = taken.iter().filter(|one| one.changes()).map(Taken::difference).collect();
        let program = receipt.program.clone().filter(|_| last);
        if let Some(program) = &program {
            text.push_str(&words::clean_lines(&format!("{}\n  removed\n", program.path.display())));
        }
        difference::show(&text)?;
        if !self.yes && !text.is_empty() {
            difference::ask("Take this out?")?;
        }
        for one in taken {
            one.make()?;
            receipt.files.remove(&one.path);
            receipt.save(&places.receipt())?;
        }
        if last {
            remove_program(receipt)?;
            receipt.save(&places.receipt())?;
        }
        Ok(())
    }

    /// The state: what it holds is told before it goes.
    fn purge(&self, store: &Store) -> Result<(), CommandError> {
        if !store.path().exists() {
            say(&format!("there is no state at {}", store.path().display()));
            return self.purge_configuration();
        }
        let count = |shelf| Ok::<_, CommandError>((store.sessions(shelf)?.len(), store.runs(shelf)?.len()));
        let ((sessions, runs), (old_sessions, old_runs)) = (count(Shelf::Live)?, count(Shelf::Archive)?);
        say(&format!(
            "{} holds {sessions} sessions and {runs} runs, and {old_sessions} sessions and {old_runs} runs in the archive",
            store.path().display()
        ));
        if !self.yes {
            difference::ask("Remove all of it for good?")?;
        }
        // A session may have begun since this was asked first.
        nothing_to_give_back(store)?;
        let left = store.purge()?;
        match left.as_slice() {
            [] => say("the state is gone"),
            left => say(&format!("left, as it is not baton's: {}", left.join(", "))),
        }
        self.purge_configuration()
    }

    /// The configuration is the person's own writing: `--yes` does not speak for it.
    fn purge_configuration(&self) -> Result<(), CommandError> {
        let directory = std::env::current_dir().ok();
        // A file that is not the person's own is not theirs to be asked about.
        let found = config::path(&of_person(Env::of_process()), directory.as_deref()).ok().flatten();
        let Some(file) = found.filter(|file| file.exists()) else { return Ok(()) };
        match difference::ask(&format!("Remove your configuration {} too?", file.display())) {
            Ok(()) => Ok(std::fs::remove_file(&file).map_err(WiringError::io("remove", &file))?),
            Err(CommandError::Wiring(_)) => {
                say(&format!("your configuration was left: {}", file.display()));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Taken {
    fn changes(&self) -> bool {
        self.after != self.source.text
    }

    fn difference(&self) -> String {
        difference::of_file(&self.source, self.after.as_deref())
    }

    fn make(&self) -> Result<(), CommandError> {
        if self.changes() {
            match &self.after {
                Some(after) => self.source.replace(after)?,
                None => self.source.remove()?,
            }
            say(&format!("taken out of {}", self.path.display()));
        } else {
            say(&format!("nothing of install's is in {} any more", self.path.display()));
        }
        let Some(backup) = &self.backup else { return Ok(()) };
        // A copy of what the file holds again is of no use to anyone.
        match std::fs::read(backup) {
            Ok(bytes) if self.after.as_deref().is_some_and(|after| after.as_bytes() == bytes) => {
                std::fs::remove_file(backup).map_err(WiringError::io("remove", backup))?;
            }
            Ok(_) => say(&format!("the file as it was before install is still in {}", backup.display())),
            Err(_) => {}
        }
        Ok(())
    }
}

/// The state that is to be removed. Refused, before anything is changed, while it holds what a project lacks.
fn state() -> Result<Store, CommandError> {
    let place = &here()?.place;
    let home = Home::resolve(&Env::of_process(), None, place)?;
    let store = Store::open(&home, place);
    nothing_to_give_back(&store)?;
    Ok(store)
}

/// Without the record nobody would know any more that a project's protected files were saved, and are to be given back.
fn nothing_to_give_back(store: &Store) -> Result<(), CommandError> {
    for vault in store.vaults()? {
        let Some(record) = project::read(&vault, None)?.filter(|record| record.saved().is_some()) else { continue };
        return Err(CommandError::Occupied(words::clean(&format!(
            "the protected files of {0} were saved, and not given back yet; nothing was removed. First: baton project give-back {0}",
            record.project
        ))));
    }
    Ok(())
}

/// A program that someone else put in the copy's place is theirs.
fn remove_program(receipt: &mut Receipt) -> Result<(), CommandError> {
    let Some(program) = receipt.program.take() else { return Ok(()) };
    match std::fs::read(&program.path) {
        Ok(bytes) if sha256(&bytes) == program.sha256 => {
            std::fs::remove_file(&program.path).map_err(WiringError::io("remove", &program.path))?;
            let _ = program.path.parent().map(std::fs::remove_dir);
        }
        Ok(_) => say(&format!("{} is not the copy that install made; it was left", program.path.display())),
        Err(_) => {}
    }
    Ok(())
}
