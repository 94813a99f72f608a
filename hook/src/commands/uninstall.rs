//! `baton uninstall`: removes what the receipt lists, and nothing else.

use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Location;
use baton_display::{format_count, strip_control_chars_by_line};
use clap::Args;

use crate::args::agent;
use crate::commands::project::project_arg;
use baton_system::here;

use crate::context::{TimerOfState, with_user_config};
use crate::error::CommandError;
use crate::output::notice;
use crate::output::{self, confirm, diff};
use baton_engine::config;
use baton_fleet_client::Membership;
use baton_installer::InstallError;
use baton_installer::config_file::{ConfigFile, sha256};
use baton_installer::locations::Locations;
use baton_installer::receipt::{InstallLock, InstalledProgram, Receipt};
use baton_installer::remove::{is_effectively_empty, remove_installed};
use baton_installer::witness_timer::Scheduler;
use baton_store::{StateDir, StateDirEnv, Store};
use baton_system::multiplexer::shell_quote;

/// Remove baton's hooks from the agents' configuration, even if you have edited it since. Shows the changes and asks
/// before it writes.
#[derive(Args)]
pub struct Uninstall {
    /// Only this agent
    #[arg(long, value_parser = agent::parser())]
    agent: Option<Agent>,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
    /// Also remove baton's state: all sessions, runs and decisions
    #[arg(long)]
    purge: bool,
}

/// One file without what install added.
struct Removal {
    path: PathBuf,
    source: ConfigFile,
    /// `None` removes the file: install created it and nothing else is in it.
    after: Option<String>,
    backup: Option<PathBuf>,
}

impl Uninstall {
    /// Uninstalls.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or written, or if the user answers no.
    pub fn run(self) -> Result<(), CommandError> {
        let state = self.purge.then(open_state).transpose()?;
        let locations = Locations::from_environment()?;
        if locations.receipt().exists() {
            let lock = InstallLock::acquire(&locations.lock())?;
            let mut receipt = Receipt::load(&locations.receipt())?;
            self.remove_entries(&locations, &mut receipt)?;
            if receipt.files.is_empty() {
                std::fs::remove_file(locations.receipt()).map_err(InstallError::io("remove", &locations.receipt()))?;
                lock.remove(&receipt.dirs);
            }
        } else {
            notice("baton is not installed: there is no receipt. `baton doctor` finds entries that you made yourself");
        }
        if self.agent.is_none() {
            self.remove_timer()?;
        }
        state.map_or(Ok(()), |store| self.purge(&store))
    }

    fn remove_entries(&self, locations: &Locations, receipt: &mut Receipt) -> Result<(), CommandError> {
        let wanted = |agent: Agent| self.agent.is_none_or(|named| named == agent);
        let mut removals = Vec::new();
        for (path, installed) in receipt.files.iter().filter(|(_, installed)| wanted(installed.agent)) {
            let source = ConfigFile::read(path)?;
            let rest = remove_installed(&source.real, source.text(), installed)?;
            let gone = source.text.is_none() || (installed.created && is_effectively_empty(&rest));
            let after = (!gone).then_some(rest);
            removals.push(Removal { path: path.clone(), source, after, backup: installed.backup.clone() });
        }
        let last = receipt.files.len() == removals.len();
        let mut text: String = removals.iter().filter(|one| one.changes()).map(Removal::diff).collect();
        for program in [&receipt.program, &receipt.fleet_program].into_iter().flatten().filter(|_| last) {
            text.push_str(&strip_control_chars_by_line(&format!("{}\n  removed\n", program.path.display())));
        }
        output::print(&text)?;
        if !self.yes && !text.is_empty() {
            confirm("Remove this?")?;
        }
        for one in removals {
            one.apply()?;
            receipt.files.remove(&one.path);
            receipt.save(&locations.receipt())?;
        }
        if last {
            remove_programs(receipt)?;
            receipt.save(&locations.receipt())?;
        }
        Ok(())
    }

    /// Removes the timer of the fleet's witness, which would start a program that may be gone.
    fn remove_timer(&self) -> Result<(), CommandError> {
        // What cannot be used as a state has no timer either.
        let place = &here()?.place;
        let Ok(home) = StateDir::resolve(&StateDirEnv::from_process(), None, place) else { return Ok(()) };
        let timer = TimerOfState::new(home.path());
        let Some(installed) = timer.timer().installed() else { return Ok(()) };
        let what = describe_timer(&installed);
        output::print(&strip_control_chars_by_line(&format!("{what}\n  removed\n")))?;
        if !self.yes {
            confirm("Remove this?")?;
        }
        let removed = timer.timer().remove().map_err(|error| CommandError::cannot("remove", &what, error))?;
        for one in &removed {
            notice(&format!("removed {}", describe_timer(one)));
        }
        if let Ok(Some(joined)) = Membership::read(&Store::open(&home, place)) {
            notice(&format!("this machine is still in the fleet {}; `baton fleet leave` removes it", joined.fleet));
        }
        Ok(())
    }

    /// Removes the state, after showing what it contains.
    fn purge(&self, store: &Store) -> Result<(), CommandError> {
        if !store.path().exists() {
            notice(&format!("there is no state at {}", store.path().display()));
            return self.purge_configuration();
        }
        let count = |location| Ok::<_, CommandError>((store.sessions(location)?.len(), store.runs(location)?.len()));
        let ((sessions, runs), (old_sessions, old_runs)) = (count(Location::Live)?, count(Location::Archive)?);
        notice(&format!(
            "{} contains {}, and {} in the archive",
            store.path().display(),
            describe_records(sessions, runs),
            describe_records(old_sessions, old_runs)
        ));
        if !self.yes {
            confirm("Remove all of it permanently?")?;
        }
        // A session may have started since the first check.
        check_nothing_to_restore(store)?;
        let left = store.purge()?;
        match left.as_slice() {
            [] => notice("removed the state"),
            left => notice(&format!("kept, because it is not baton's: {}", left.join(", "))),
        }
        self.purge_configuration()
    }

    /// Removes the configuration file. `--yes` does not cover it, because the user wrote it.
    fn purge_configuration(&self) -> Result<(), CommandError> {
        let directory = std::env::current_dir().ok();
        // Do not ask about a file that may not be the user's own.
        let found =
            config::find_path(&with_user_config(StateDirEnv::from_process()), directory.as_deref()).ok().flatten();
        let Some(file) = found.filter(|file| file.exists()) else { return Ok(()) };
        match confirm(&format!("Remove your configuration {} too?", file.display())) {
            Ok(()) => Ok(std::fs::remove_file(&file).map_err(InstallError::io("remove", &file))?),
            Err(error) if error.install_error().is_some() => {
                notice(&format!("your configuration was kept: {}", file.display()));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn describe_timer(timer: &Scheduler) -> String {
    match timer {
        Scheduler::Systemd(path) => format!("the timer of the fleet's witness, {}", path.display()),
        Scheduler::Cron => "the line of the fleet's witness in your crontab".to_owned(),
    }
}

fn describe_records(sessions: usize, runs: usize) -> String {
    format!("{} and {}", format_count(sessions, "session", "sessions"), format_count(runs, "run", "runs"))
}

impl Removal {
    fn changes(&self) -> bool {
        self.after != self.source.text
    }

    fn diff(&self) -> String {
        diff::unified(&self.source, self.after.as_deref())
    }

    fn apply(&self) -> Result<(), CommandError> {
        if self.changes() {
            match &self.after {
                Some(after) => self.source.replace(after)?,
                None => self.source.remove()?,
            }
            notice(&format!("removed baton's entries from {}", self.path.display()));
        } else {
            notice(&format!("{} no longer contains any of baton's entries", self.path.display()));
        }
        let Some(backup) = &self.backup else { return Ok(()) };
        // Remove a backup whose content is the file's content again.
        match std::fs::read(backup) {
            Ok(bytes) if self.after.as_deref().is_some_and(|after| after.as_bytes() == bytes) => {
                std::fs::remove_file(backup).map_err(InstallError::io("remove", backup))?;
            }
            Ok(_) => notice(&format!("the backup from before install is still in {}", backup.display())),
            Err(_) => {}
        }
        Ok(())
    }
}

/// Returns the state to remove. Refuses, before anything is changed, if it contains files that a project lacks, or is a machine
/// of a fleet.
fn open_state() -> Result<Store, CommandError> {
    let place = &here()?.place;
    let home = StateDir::resolve(&StateDirEnv::from_process(), None, place)?;
    let store = Store::open(&home, place);
    check_nothing_to_restore(&store)?;
    if let Some(joined) = Membership::read(&store)? {
        let what =
            format!("this machine is in the fleet {}, whose database would keep it; nothing was removed", joined.fleet);
        return Err(CommandError::refused(what).hint("leave it first: `baton fleet leave`"));
    }
    Ok(store)
}

/// Checks that no project has saved files to restore. Without its record, nothing would show that they were saved.
fn check_nothing_to_restore(store: &Store) -> Result<(), CommandError> {
    for protected_store in store.protected_stores()? {
        let Some(record) = project_arg::read_record(&protected_store, None)?.filter(|record| record.backup().is_some())
        else {
            continue;
        };
        return Err(CommandError::refused(format!(
            "the protected files of {} were saved and are not restored yet; nothing was removed",
            record.project
        ))
        .hint(format!("restore them first: `baton project restore {}`", shell_quote(&record.project))));
    }
    Ok(())
}

/// Removes the copies of the programs. Leaves one alone if someone else replaced it.
fn remove_programs(receipt: &mut Receipt) -> Result<(), CommandError> {
    let programs = [receipt.fleet_program.take(), receipt.program.take()];
    programs.into_iter().flatten().try_for_each(remove_program)
}

fn remove_program(program: InstalledProgram) -> Result<(), CommandError> {
    match std::fs::read(&program.path) {
        Ok(bytes) if sha256(&bytes) == program.sha256 => {
            std::fs::remove_file(&program.path).map_err(InstallError::io("remove", &program.path))?;
            let _ = program.path.parent().map(std::fs::remove_dir);
        }
        Ok(_) => notice(&format!("{} is not the copy that install made; it was kept", program.path.display())),
        Err(_) => {}
    }
    Ok(())
}
