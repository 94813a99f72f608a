//! What `baton install` will do, and how it is done.

use std::path::PathBuf;

use agent_baton_core::agent::Agent;

use crate::error::CommandError;
use crate::hint::Advice;
use crate::output::{self, backup_suffix, diff, notice};
use baton_display::{strip_control_chars, strip_control_chars_by_line};
use baton_installer::InstallError;
use baton_installer::agents::config;
use baton_installer::config_file::make_dirs;
use baton_installer::entries::{self, HookCommand};
use baton_installer::locations::{Locations, Scope};
use baton_installer::plan::FileChange;
use baton_installer::program::Program;
use baton_installer::receipt::Receipt;

/// Everything that install will do.
#[derive(Default)]
pub(super) struct InstallPlan {
    pub(super) changes: Vec<FileChange>,
    pub(super) program: Option<Program>,
    pub(super) notes: Vec<String>,
    pub(super) untrusted: Option<InstallError>,
    pub(super) command: Option<HookCommand>,
    /// Why there is nothing for an agent, and what its file was to get.
    pub(super) failed: Vec<Failure>,
}

/// Why an agent's hooks were not installed.
pub(super) struct Failure {
    error: CommandError,
    /// The file and the entries that belong into it, if they can be put there by other means.
    entries: Option<(PathBuf, String)>,
}

impl Failure {
    pub(super) fn new(error: CommandError, agent: Agent, file: Option<PathBuf>, command: &HookCommand) -> Self {
        let unwritable = error.install_error().is_some_and(InstallError::is_unwritable);
        let entries = file.filter(|_| unwritable).map(|file| (file, entries::to_json(&config(agent).hooks, command)));
        Self { error, entries }
    }
}

impl InstallPlan {
    pub(super) fn diff(&self) -> String {
        let mut text = String::new();
        for (path, copy) in self.program.iter().flat_map(Program::copies) {
            let verb = if copy.replaces { "replaced by" } else { "made:" };
            let (path, from, size) = (path.display(), copy.from.display(), copy.size());
            text.push_str(&strip_control_chars_by_line(&format!("{path}\n  {verb} a copy of {from}, {size} bytes\n")));
        }
        for change in &self.changes {
            text.push_str(&diff::unified(&change.source, Some(&change.after)));
        }
        text
    }

    pub(super) fn make(
        &mut self,
        locations: &Locations,
        mut receipt: Receipt,
        scope: Scope,
    ) -> Result<(), CommandError> {
        make_dirs(locations.data())?;
        let at = locations.receipt();
        if let Some(program) = &self.program {
            for (path, copy) in program.copies() {
                let made = Some(copy.to_receipt(&path));
                if path == program.path {
                    receipt.program = made
                } else {
                    receipt.fleet_program = made
                }
                receipt.save(&at)?;
                copy.write(&path)?;
            }
        }
        let stamp = backup_suffix();
        for change in &self.changes {
            let path = change.source.path.clone();
            let backup = match change.clone().apply(&mut receipt, &at, &stamp) {
                Ok(backup) => backup,
                Err(error) => {
                    let file = locations.hooks(change.agent, scope).ok().filter(|file| *file == path);
                    let command = self.command.clone().unwrap_or(HookCommand::Guarded);
                    self.failed.push(Failure::new(error.into(), change.agent, file, &command));
                    continue;
                }
            };
            let kept = backup.map(|backup| format!("; as it was: {}", backup.display())).unwrap_or_default();
            notice(&format!("wrote {}{kept}", path.display()));
        }
        Ok(())
    }

    /// Says what was not installed, with the entries to paste. The last error is the command's.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        let mut errors: Vec<CommandError> = Vec::new();
        for Failure { error, entries } in self.failed {
            if let Some((file, text)) = entries {
                let file = strip_control_chars(&file.display().to_string());
                output::print(&format!(
                    "what belongs into {file}, to be put there by whoever or whatever writes it:\n{text}\n"
                ))?;
            }
            errors.push(error);
        }
        errors.extend(self.untrusted.map(CommandError::from));
        let Some(last) = errors.pop() else { return Ok(()) };
        errors.iter().for_each(|error| notice(&error.in_one_line()));
        Err(last)
    }
}
