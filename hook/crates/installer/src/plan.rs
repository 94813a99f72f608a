//! What is to be changed, worked out before anything is; and doing it.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::config_file::{ConfigFile, sha256};
use super::entries::{HookCommand, HookGroup, events};
use super::error::InstallError;
use super::find_hooks;
use super::receipt::{Added, InstalledFile, Receipt};
use super::remove::remove_installed;
use super::settings_variable::{self, SettingsVariable};
use super::{codex_settings, json_edit};

/// A change of one file, not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The agent whose file it is.
    pub agent: Agent,
    /// The file as it is.
    pub source: ConfigFile,
    /// The text that it is to hold.
    pub after: String,
    added: Vec<Added>,
    /// Whether what was put in earlier was taken out first.
    replaces_earlier: bool,
}

/// A change, or none; and what the user should know.
pub type PlannedChange = (Option<FileChange>, Vec<String>);

/// Wires the events that are not wired, and sets a variable that is not set. What install put in earlier and is not right any more is taken out; what it did not put in stays.
///
/// # Errors
/// Where the file does not parse, or something else stands where the hooks belong.
pub fn plan_hooks(
    agent: Agent,
    source: ConfigFile,
    command: &HookCommand,
    installed: Option<&InstalledFile>,
    variable: Option<&SettingsVariable>,
) -> Result<PlannedChange, InstallError> {
    let path = source.real.clone();
    let calls = |text: &str| {
        Ok(json_edit::parse(&path, text)?.map_or_else(Vec::new, |value| find_hooks::baton_calls(&value, agent)))
    };
    let group = |event: &str| HookGroup::new(agent, event, command);
    let present = calls(source.text())?;
    let in_place = events(agent).iter().all(|event| find_hooks::is_installed(&present, event, &group(event)));
    let base = match installed {
        Some(installed) if !in_place => remove_installed(&path, source.text(), installed)?,
        _ => source.text().to_owned(),
    };
    let others = calls(&base)?;
    let (mut text, mut added, mut notes) = (base.clone(), Vec::new(), Vec::new());
    let mut missing = Vec::new();
    for event in events(agent).iter().filter(|_| !in_place) {
        if others.iter().any(|call| call.event == *event) {
            notes.push(format!(
                "{} calls baton on {event} by an entry that install did not put there; it was left",
                path.display()
            ));
            continue;
        }
        missing.push((*event, group(event)));
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
                notes.push(format!("{} is {value} already in {}; it was left", variable.name, path.display()))
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

/// The variable that an earlier install set in a file.
fn variable_of(installed: &InstalledFile) -> Option<SettingsVariable> {
    installed.added.iter().find_map(|added| match added {
        Added::Variable { name, value, .. } => Some(SettingsVariable { name: name.clone(), value: value.clone() }),
        _ => None,
    })
}

/// Puts settings into Codex' config.toml that are not there.
///
/// # Errors
/// Where the file does not parse, or something else stands where these belong.
pub fn plan_codex_settings(source: ConfigFile, wanted: &[Added]) -> Result<Option<FileChange>, InstallError> {
    let (mut text, mut added) = (source.text().to_owned(), Vec::new());
    for one in wanted {
        if let Some((after, done)) = codex_settings::add(&source.real, &text, one)? {
            text = after;
            added.push(done);
        }
    }
    Ok(FileChange::new(Agent::Codex, source, text, added, false))
}

impl FileChange {
    fn new(agent: Agent, source: ConfigFile, after: String, added: Vec<Added>, replaces_earlier: bool) -> Option<Self> {
        (after != source.text()).then_some(Self { agent, source, after, added, replaces_earlier })
    }

    /// Makes it: first the receipt, then the backup, then the file.
    ///
    /// # Errors
    /// Where the file was written meanwhile, or the system refuses.
    pub fn apply(self, receipt: &mut Receipt, receipt_at: &Path, stamp: &str) -> Result<Option<PathBuf>, InstallError> {
        let dir = self.source.real.parent().unwrap_or(Path::new("/"));
        let missing: Vec<PathBuf> = dir.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
        receipt.dirs.extend(missing.iter().rev().cloned());
        let installed = receipt.files.entry(self.source.path.clone()).or_insert_with(|| self.first_change());
        let backup = if installed.backup.is_none() { self.source.backup_path(stamp) } else { None };
        installed.backup = installed.backup.take().or_else(|| backup.clone());
        let before = sha256(self.source.text().as_bytes());
        if installed.original.as_ref() != Some(&before) && !installed.contents.contains(&before) {
            // Somebody edited the file between two installs: its original is not what an uninstall must leave.
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
