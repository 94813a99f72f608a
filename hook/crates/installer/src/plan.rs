//! Plans all changes before anything is written, and then makes them.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::agent_config::SettingsText;
use super::agent_hooks::HookedEvent;
use super::agents::config;
use super::config_file::{ConfigFile, sha256};
use super::entries::{HookCommand, HookGroup};
use super::error::InstallError;
use super::find_hooks;
use super::json_edit;
use super::receipt::{Added, InstalledFile, Receipt};
use super::remove::remove_installed;
use super::settings_variable::{self, SettingsVariable};

/// A planned change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The agent whose file it is.
    pub agent: Agent,
    /// The file as it was read.
    pub source: ConfigFile,
    /// The new text.
    pub after: String,
    added: Vec<Added>,
    /// Whether an entry of an earlier install was removed.
    replaces_earlier: bool,
}

/// The change, if any, and warnings for the user.
pub type PlannedChange = (Option<FileChange>, Vec<String>);

/// Plans to add the missing hooks and to set the variable if it is not set. Entries of an earlier install that are
/// outdated are removed. Entries that install did not add stay.
///
/// # Errors
/// Returns an error if the file does not parse, or if a value of another type occupies the place of the hooks.
pub fn plan_hooks(
    agent: Agent,
    source: ConfigFile,
    command: &HookCommand,
    installed: Option<&InstalledFile>,
    variable: Option<&SettingsVariable>,
) -> Result<PlannedChange, InstallError> {
    let (path, hooks) = (source.real.clone(), &config(agent).hooks);
    let events = hooks.events;
    let calls = |text: &str| {
        Ok(json_edit::parse(&path, text)?.map_or_else(Vec::new, |value| find_hooks::baton_calls(&value, hooks)))
    };
    let group = |event: &HookedEvent| HookGroup::new(hooks, event, command);
    let present = calls(source.text())?;
    let in_place = events.iter().all(|event| find_hooks::is_installed(&present, event.name, &group(event)));
    let base = match installed {
        Some(installed) if !in_place => remove_installed(&path, source.text(), installed)?,
        _ => source.text().to_owned(),
    };
    let others = calls(&base)?;
    let (mut text, mut added, mut notes) = (base.clone(), Vec::new(), Vec::new());
    let mut missing = Vec::new();
    for event in events.iter().filter(|_| !in_place) {
        let name = event.name;
        if others.iter().any(|call| call.event == name) {
            notes.push(format!(
                "{} calls baton on {name} through an entry that install did not write; it was left unchanged",
                path.display()
            ));
            continue;
        }
        missing.push((name, group(event)));
    }
    if !missing.is_empty() {
        let (after, created) = json_edit::append_hooks(&path, &text, &missing)?;
        text = after;
        added.extend(missing.iter().zip(created).map(|((event, group), created)| Added::Hook {
            event: (*event).to_owned(),
            handler: group.handler(),
            created_event: created.event,
            created_hooks: created.hooks,
        }));
    }
    let earlier = installed.filter(|_| !in_place).and_then(variable_of);
    if let Some(variable) = variable.or(earlier.as_ref()) {
        match json_edit::parse(&path, &text)?
            .and_then(|settings| settings_variable::current_value(&settings, &variable.name))
        {
            Some(value) => {
                notes.push(format!("{} is already {value} in {}; it was left unchanged", variable.name, path.display()))
            }
            None => {
                let (after, created_env) = settings_variable::add(&path, &text, variable)?;
                text = after;
                let SettingsVariable { name, value } = variable.clone();
                added.push(Added::Variable { name, value, created_env });
            }
        }
    }
    let replaces_earlier = base != source.text();
    Ok((FileChange::new(agent, source, text, added, replaces_earlier), notes))
}

/// Returns the variable that an earlier install set in a file.
fn variable_of(installed: &InstalledFile) -> Option<SettingsVariable> {
    installed.added.iter().find_map(|added| match added {
        Added::Variable { name, value, .. } => Some(SettingsVariable { name: name.clone(), value: value.clone() }),
        _ => None,
    })
}

/// Plans to add missing entries to an agent's file of settings. There is nothing to plan if it has no such file.
///
/// # Errors
/// Returns an error if the file does not parse, or if a value of another type occupies the place of a setting.
pub fn plan_settings(agent: Agent, source: ConfigFile, wanted: &[Added]) -> Result<Option<FileChange>, InstallError> {
    let Some(settings) = &config(agent).settings else { return Ok(None) };
    let (mut text, mut added) = (source.text().to_owned(), Vec::new());
    for one in wanted {
        if let Some((after, done)) = (settings.add)(&SettingsText { path: &source.real, text: &text }, one)? {
            text = after;
            added.push(done);
        }
    }
    Ok(FileChange::new(agent, source, text, added, false))
}

impl FileChange {
    fn new(agent: Agent, source: ConfigFile, after: String, added: Vec<Added>, replaces_earlier: bool) -> Option<Self> {
        (after != source.text()).then_some(Self { agent, source, after, added, replaces_earlier })
    }

    /// Makes the change: first writes the receipt, then the backup, then the file.
    ///
    /// # Errors
    /// Returns an error if the file was written meanwhile, or if the system refuses.
    pub fn apply(self, receipt: &mut Receipt, receipt_at: &Path, stamp: &str) -> Result<Option<PathBuf>, InstallError> {
        let dir = self.source.real.parent().unwrap_or(Path::new("/"));
        let missing: Vec<PathBuf> = dir.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
        receipt.dirs.extend(missing.iter().rev().cloned());
        let installed = receipt.files.entry(self.source.path.clone()).or_insert_with(|| self.first_change());
        let backup = if installed.backup.is_none() { self.source.backup_path(stamp) } else { None };
        installed.backup = installed.backup.take().or_else(|| backup.clone());
        let before = sha256(self.source.text().as_bytes());
        if installed.original.as_ref() != Some(&before) && !installed.contents.contains(&before) {
            // The user edited the file between two installs, so an uninstall must not restore the original.
            installed.original = None;
            installed.contents.clear();
        }
        installed.contents.push(sha256(self.after.as_bytes()));
        installed.added.extend(self.added.iter().cloned());
        receipt.save(receipt_at)?;
        super::config_file::make_dirs(dir)?;
        if let Some(backup) = &backup {
            self.source.back_up(backup)?;
        }
        self.source.replace(&self.after)?;
        if self.replaces_earlier
            && let Some(installed) = receipt.files.get_mut(&self.source.path)
        {
            installed.added = self.added;
            receipt.save(receipt_at)?;
        }
        Ok(backup)
    }

    fn first_change(&self) -> InstalledFile {
        InstalledFile {
            agent: self.agent,
            created: self.source.text.is_none(),
            backup: None,
            original: Some(sha256(self.source.text().as_bytes())),
            contents: Vec::new(),
            added: Vec::new(),
        }
    }
}
