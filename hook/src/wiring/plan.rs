//! What is to be changed, worked out before anything is; and doing it.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::entry::{Command, Group, events};
use super::error::WiringError;
use super::file::{Source, sha256};
use super::find;
use super::receipt::{Added, Addition, Receipt, Wired};
use super::splice::Draft;
use super::strip::strip;
use super::variable::{self, Variable};
use super::{json, toml};

/// A change of one file, not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The agent whose file it is.
    pub agent: Agent,
    /// The file as it is.
    pub source: Source,
    /// The text that it is to hold.
    pub after: String,
    addition: Addition,
    /// Whether what was put in earlier was taken out first.
    renews: bool,
}

/// A change, or none; and what the person should know.
pub type Planned = (Option<Change>, Vec<String>);

/// Wires the events that are not wired, and sets a variable that is not set. What install put in earlier and is not right any more is taken out; what it did not put in stays.
///
/// # Errors
/// Where the file does not parse, or something else stands where the hooks belong.
pub fn hooks(
    agent: Agent,
    source: Source,
    command: &Command,
    wired: Option<&Wired>,
    variable: Option<&Variable>,
) -> Result<Planned, WiringError> {
    let path = source.real.clone();
    let calls = |text: &str| Ok(json::parse(&path, text)?.map_or_else(Vec::new, |value| find::calls(&value, agent)));
    let group = |event: &str| Group::new(agent, event, command);
    let present = calls(source.text())?;
    let in_place = events(agent).iter().all(|event| find::is_wired(&present, event, &group(event)));
    let base = match wired {
        Some(wired) if !in_place => strip(&path, source.text(), wired)?,
        _ => source.text().to_owned(),
    };
    let others = calls(&base)?;
    let mut draft = Draft::new(base.clone());
    let (mut added, mut notes) = (Vec::new(), Vec::new());
    for event in events(agent).iter().filter(|_| !in_place) {
        if others.iter().any(|call| call.event == *event) {
            notes.push(format!(
                "{} calls baton on {event} by an entry that install did not put there; it was left",
                path.display()
            ));
            continue;
        }
        let (group, mut made) = (group(event), json::Made::default());
        json::append(&path, &mut draft, event, &group, &mut made)?;
        added.push(Added::Hook {
            event: (*event).to_owned(),
            handler: group.handler(),
            made_event: !made.events.is_empty(),
            made_hooks: made.hooks,
        });
    }
    let earlier = wired.filter(|_| !in_place).and_then(variable_of);
    if let Some(variable) = variable.or(earlier.as_ref()) {
        match json::parse(&path, &draft.text)?.and_then(|settings| variable::set_in(&settings, &variable.name)) {
            Some(value) => {
                notes.push(format!("{} is {value} already in {}; it was left", variable.name, path.display()))
            }
            None => {
                let made_env = variable::add(&path, &mut draft, variable)?;
                let Variable { name, value } = variable.clone();
                added.push(Added::Variable { name, value, made_env });
            }
        }
    }
    let renews = base != source.text();
    Ok((Change::new(agent, source, draft, added, renews), notes))
}

/// The variable that an earlier install set in a file.
fn variable_of(wired: &Wired) -> Option<Variable> {
    wired.additions.iter().flat_map(|addition| &addition.added).find_map(|added| match added {
        Added::Variable { name, value, .. } => Some(Variable { name: name.clone(), value: value.clone() }),
        _ => None,
    })
}

/// Puts settings into Codex' config.toml that are not there.
///
/// # Errors
/// Where the file does not parse, or something else stands where these belong.
pub fn settings(source: Source, wanted: &[Added]) -> Result<Option<Change>, WiringError> {
    let mut draft = Draft::new(source.text().to_owned());
    let mut added = Vec::new();
    for one in wanted {
        added.extend(toml::add(&source.real, &mut draft, one)?);
    }
    Ok(Change::new(Agent::Codex, source, draft, added, false))
}

impl Change {
    fn new(agent: Agent, source: Source, draft: Draft, added: Vec<Added>, renews: bool) -> Option<Self> {
        if draft.text == source.text() {
            return None;
        }
        let addition = Addition { after: sha256(draft.text.as_bytes()), splices: draft.splices, added };
        Some(Self { agent, source, after: draft.text, addition, renews })
    }

    /// Makes it: first the receipt, then the backup, then the file.
    ///
    /// # Errors
    /// Where the file was written meanwhile, or the system refuses.
    pub fn make(self, receipt: &mut Receipt, receipt_at: &Path, stamp: &str) -> Result<Option<PathBuf>, WiringError> {
        let dir = self.source.real.parent().unwrap_or(Path::new("/"));
        let missing: Vec<PathBuf> = dir.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
        receipt.dirs.extend(missing.iter().rev().cloned());
        let created = self.source.text.is_none();
        let fresh = Wired { agent: self.agent, created, backup: None, additions: Vec::new() };
        let wired = receipt.files.entry(self.source.path.clone()).or_insert(fresh);
        let backup = if wired.backup.is_none() { self.source.backup_path(stamp) } else { None };
        wired.backup = wired.backup.take().or_else(|| backup.clone());
        wired.additions.push(self.addition.clone());
        receipt.save(receipt_at)?;
        super::file::make_dirs(dir)?;
        if let Some(backup) = &backup {
            self.source.back_up(backup)?;
        }
        self.source.replace(&self.after)?;
        if self.renews
            && let Some(wired) = receipt.files.get_mut(&self.source.path)
        {
            wired.additions = vec![self.addition];
            receipt.save(receipt_at)?;
        }
        Ok(backup)
    }
}
