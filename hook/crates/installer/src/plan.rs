//! What is to be changed, worked out before anything is; and doing it.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::config_file::{ConfigFile, sha256};
use super::entries::{HookCommand, HookGroup, events};
use super::error::InstallError;
use super::find_hooks;
use super::receipt::{Added, Addition, InstalledFile, Receipt};
use super::remove::remove_installed;
use super::settings_variable::{self, SettingsVariable};
use super::text_edit::EditedText;
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
    addition: Addition,
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
    let mut draft = EditedText::new(base.clone());
    let (mut added, mut notes) = (Vec::new(), Vec::new());
    for event in events(agent).iter().filter(|_| !in_place) {
        if others.iter().any(|call| call.event == *event) {
            notes.push(format!(
                "{} calls baton on {event} by an entry that install did not put there; it was left",
                path.display()
            ));
            continue;
        }
        let (group, mut made) = (group(event), json_edit::Created::default());
        json_edit::append_hook(&path, &mut draft, event, &group, &mut made)?;
        added.push(Added::Hook {
            event: (*event).to_owned(),
            handler: group.handler(),
            created_event: !made.events.is_empty(),
            created_hooks: made.hooks,
        });
    }
    let earlier = installed.filter(|_| !in_place).and_then(variable_of);
    if let Some(variable) = variable.or(earlier.as_ref()) {
        match json_edit::parse(&path, &draft.text)?
            .and_then(|settings| settings_variable::current_value(&settings, &variable.name))
        {
            Some(value) => {
                notes.push(format!("{} is {value} already in {}; it was left", variable.name, path.display()))
            }
            None => {
                let created_env = settings_variable::add(&path, &mut draft, variable)?;
                let SettingsVariable { name, value } = variable.clone();
                added.push(Added::Variable { name, value, created_env });
            }
        }
    }
    let replaces_earlier = base != source.text();
    Ok((FileChange::new(agent, source, draft, added, replaces_earlier), notes))
}

/// The variable that an earlier install set in a file.
fn variable_of(installed: &InstalledFile) -> Option<SettingsVariable> {
    installed.additions.iter().flat_map(|addition| &addition.added).find_map(|added| match added {
        Added::Variable { name, value, .. } => Some(SettingsVariable { name: name.clone(), value: value.clone() }),
        _ => None,
    })
}

/// Puts settings into Codex' config.toml that are not there.
///
/// # Errors
/// Where the file does not parse, or something else stands where these belong.
pub fn plan_codex_settings(source: ConfigFile, wanted: &[Added]) -> Result<Option<FileChange>, InstallError> {
    let mut draft = EditedText::new(source.text().to_owned());
    let mut added = Vec::new();
    for one in wanted {
        added.extend(codex_settings::add(&source.real, &mut draft, one)?);
    }
    Ok(FileChange::new(Agent::Codex, source, draft, added, false))
}

impl FileChange {
    fn new(
        agent: Agent,
        source: ConfigFile,
        draft: EditedText,
        added: Vec<Added>,
        replaces_earlier: bool,
    ) -> Option<Self> {
        if draft.text == source.text() {
            return None;
        }
        let addition = Addition { after: sha256(draft.text.as_bytes()), edits: draft.edits, added };
        Some(Self { agent, source, after: draft.text, addition, replaces_earlier })
    }

    /// Makes it: first the receipt, then the backup, then the file.
    ///
    /// # Errors
    /// Where the file was written meanwhile, or the system refuses.
    pub fn apply(self, receipt: &mut Receipt, receipt_at: &Path, stamp: &str) -> Result<Option<PathBuf>, InstallError> {
        let dir = self.source.real.parent().unwrap_or(Path::new("/"));
        let missing: Vec<PathBuf> = dir.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
        receipt.dirs.extend(missing.iter().rev().cloned());
        let created = self.source.text.is_none();
        let fresh = InstalledFile { agent: self.agent, created, backup: None, additions: Vec::new() };
        let installed = receipt.files.entry(self.source.path.clone()).or_insert(fresh);
        let backup = if installed.backup.is_none() { self.source.backup_path(stamp) } else { None };
        installed.backup = installed.backup.take().or_else(|| backup.clone());
        installed.additions.push(self.addition.clone());
        receipt.save(receipt_at)?;
        super::config_file::make_dirs(dir)?;
        if let Some(backup) = &backup {
            self.source.back_up(backup)?;
        }
        self.source.replace(&self.after)?;
        if self.replaces_earlier
            && let Some(installed) = receipt.files.get_mut(&self.source.path)
        {
            installed.additions = vec![self.addition];
            receipt.save(receipt_at)?;
        }
        Ok(backup)
    }
}
