//! What the holder of the lock does with a project's protected files, and what it notes of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Instant;

use agent_baton_core::process::{Live, Place};
use agent_baton_core::stamp::Stamp;

use super::company::{Company, Sights};
use super::give_back::{Outcome, carry_out};
use super::limits::{KEEP_BACKUPS, KEEP_HISTORY, MAX_PACK};
use super::look::Look;
use super::node::Digest;
use super::pack::{Manifest, Pack, PackError};
use super::plan::{Evidence, Plan};
use super::record::{Record, Saved, State};
use super::root::Root;
use crate::config::Inside;
use crate::store::{Locked, PackKind, StoreError, Vault};

/// Why protected files could not be saved or given back. The project's files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The project cannot be opened.
    #[error("cannot open the project {project}: {source}. Its saved files are kept")]
    Project {
        /// Its path.
        project: String,
        /// Why.
        source: io::Error,
    },
    /// The pack cannot be written.
    #[error("cannot write down the protected files of {project}: it {source}")]
    Pack {
        /// The project.
        project: String,
        /// Why.
        source: PackError,
    },
    /// The record cannot be used and was left.
    #[error("{path} {what}; it was left as it is")]
    Record {
        /// The record.
        path: std::path::PathBuf,
        /// What is wrong, as the rest of a sentence.
        what: String,
    },
    /// The record cannot be written as JSON.
    #[error("cannot write the record of {project}: {source}")]
    Json {
        /// The project.
        project: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// How giving back ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything that can be done was done.
    Done(Outcome),
    /// The system refused something: the next call tries again.
    Again(Outcome),
    /// The project is not there. It may be on a disk that is not mounted.
    Away,
    /// The backup is gone or damaged, so nothing can be given back.
    Lost,
}

/// One project in the hands of the holder of the lock.
pub struct Custody<'a, 'l> {
    /// The lock.
    pub locked: &'a mut Locked<'l>,
    /// What is kept of the project.
    pub vault: &'a Vault,
    /// The project's path.
    pub project: &'a str,
    /// The moment.
    pub now: &'a Stamp,
    /// Until when files are read; none for a person, who waits.
    pub until: Option<Instant>,
}

impl Custody<'_, '_> {
    /// The project's record; a new one where there is none. One that is torn is set aside, which is noted in the new one.
    ///
    /// # Errors
    /// Where it cannot be read, or is another version's.
    pub fn record(&mut self) -> Result<Record, ProtectError> {
        let mut record = Record::new(self.project.to_owned());
        let wrong = match self.vault.record() {
            Ok(None) => return Ok(record),
            Ok(Some(bytes)) => match Record::parse(&bytes, Some(self.project)) {
                Ok(record) => return Ok(record),
                Err(what) if is_json(&bytes) => {
                    return Err(ProtectError::Record { path: self.vault.record_path(), what });
                }
                Err(what) => what,
            },
            Err(error) => return Err(error.into()),
        };
        let aside = self.vault.set_record_aside(self.locked, self.now, &wrong)?;
        let backups = self.vault.numbers(PackKind::Backup)?;
        let newest = backups.last().map_or_else(String::new, |number| {
            format!(
                " The newest backup is {}; `baton project give-back --backup {number} {}` gives it back",
                self.vault.path(PackKind::Backup, *number).display(),
                self.project
            )
        });
        record.note(self.now, format!("{aside}.{newest}"));
        Ok(record)
    }

    /// Writes the record.
    ///
    /// # Errors
    /// Where it cannot be written; the old one stands.
    pub fn keep(&mut self, record: &mut Record) -> Result<(), ProtectError> {
        record.revision = record.revision.saturating_add(1);
        let mut bytes = serde_json::to_vec(record)
            .map_err(|source| ProtectError::Json { project: self.project.to_owned(), source })?;
        bytes.push(b'\n');
        Ok(self.vault.set_record(self.locked, &bytes)?)
    }

    /// Saves the protected files. The record does not name the backup yet.
    ///
    /// # Errors
    /// Where the project cannot be opened, or the backup cannot be written.
    pub fn save(&mut self, record: &mut Record, paths: &[Inside]) -> Result<Saved, ProtectError> {
        let cannot_open = |source| ProtectError::Project { project: self.project.to_owned(), source };
        let root = Root::open(Path::new(self.project)).map_err(cannot_open)?;
        let id = root.id().map_err(cannot_open)?;
        let look = Look::at(&root, paths, |_| false, self.until);
        let mut manifest = Manifest::new(self.project.to_owned(), id, self.now.clone());
        manifest.paths = paths.to_vec();
        manifest.above = look.above;
        for (path, refused) in look.refused {
            record.note(
                self.now,
                format!("{} of {} is not protected: {}", path.path().display(), self.project, refused.why),
            );
            manifest.left_out.insert(path, refused.why);
        }
        let mut files = BTreeMap::new();
        for (path, standing) in look.nodes {
            files.extend(standing.content.map(|content| (path.clone(), content)));
            manifest.nodes.insert(path, standing.node);
        }
        let (backup, sha256) = self.add(PackKind::Backup, &Pack { manifest, files, saved: BTreeMap::new() })?;
        self.vault.prune(self.locked, PackKind::Backup, KEEP_BACKUPS, record.saved().map(|saved| saved.backup))?;
        Ok(Saved { backup, sha256 })
    }

    /// Gives the files back, and notes in the record what became of it. The record's state is for the caller to set then.
    ///
    /// # Errors
    /// Where the history or the record cannot be written: nothing was given back.
    pub fn give_back(&mut self, record: &mut Record, evidence: Evidence) -> Result<Ending, ProtectError> {
        let Some(saved) = record.saved().cloned() else { return Ok(Ending::Done(Outcome::default())) };
        let path = self.vault.path(PackKind::Backup, saved.backup);
        let pack = match self.pack(&saved)? {
            Ok(pack) => pack,
            Err(why) => {
                let text =
                    format!("the backup {} {why}: the files of {} stay as they are", path.display(), self.project);
                record.note(self.now, text);
                return Ok(Ending::Lost);
            }
        };
        let Some(root) = self.open(&pack.manifest) else {
            let text = format!(
                "{} is not there, or is another directory than the one that was saved; is its disk mounted? The saved files are \
                 kept in {}. If it is gone for good: baton project save {}",
                self.project,
                path.display(),
                self.project
            );
            record.note(self.now, text);
            return Ok(Ending::Away);
        };
        let (look, plan) = self.compare(&root, &pack, &evidence);
        if plan.is_nothing() {
            return Ok(Ending::Done(Outcome::default()));
        }
        let history = self.keep_history(&pack, &look, &plan)?;
        let seen = match evidence {
            Evidence::Seen(seen) => Some(seen),
            // What could not be looked at would be taken for new the next time.
            _ if look.refused.values().any(|refused| refused.again) => None,
            _ => Some(look.nodes.iter().map(|(path, standing)| (path.clone(), standing.node.clone())).collect()),
        };
        if let Some(seen) = seen {
            record.state = State::GivingBack { saved, seen };
            self.keep(record)?;
        }
        let outcome = carry_out(&root, &plan, &pack, &look);
        for text in
            words(self.project, &outcome, &path, history.map(|n| self.vault.path(PackKind::History, n)).as_deref())
        {
            record.note(self.now, text);
        }
        Ok(if outcome.failed.is_empty() { Ending::Done(outcome) } else { Ending::Again(outcome) })
    }

    /// Whether any launch is there, or may be.
    ///
    /// # Errors
    /// Where the records cannot be read.
    pub fn anyone(
        &mut self,
        record: &Record,
        look: impl FnOnce(&Company) -> Sights,
        place: &Place,
    ) -> Result<Live, ProtectError> {
        let company = Company::at_hand(self.locked, self.project, &record.present)?;
        Ok(company.anyone(&look(&company), place))
    }

    /// A backup by its number, as it stands; none where there is none.
    #[must_use]
    pub fn backup(&self, number: u64) -> Option<Saved> {
        let bytes = self.vault.pack(PackKind::Backup, number, MAX_PACK).ok()??;
        Some(Saved { backup: number, sha256: Digest::of(&bytes) })
    }

    /// What giving back would do. Nothing is changed.
    ///
    /// # Errors
    /// Where the backup cannot be used.
    pub fn plan(&self, saved: &Saved, evidence: &Evidence) -> Result<Option<Plan>, String> {
        let pack = self.pack(saved).map_err(|error| error.to_string())??;
        let Some(root) = self.open(&pack.manifest) else { return Ok(None) };
        let look = look_at(&root, &pack.manifest, self.until);
        Ok(Some(Plan::new(&pack.manifest, &look, evidence)))
    }

    /// Takes what a call that was cut off left beside the files, then compares.
    fn compare(&self, root: &Root, pack: &Pack, evidence: &Evidence) -> (Look, Plan) {
        let stuck: Vec<_> = pack
            .manifest
            .nodes
            .keys()
            .filter_map(|path| root.clear_temporary(path).err().map(|error| (path.clone(), error.to_string())))
            .collect();
        let look = look_at(root, &pack.manifest, self.until);
        let mut plan = Plan::new(&pack.manifest, &look, evidence);
        plan.failed.extend(stuck.into_iter().filter(|(path, _)| plan.put.contains(path)));
        (look, plan)
    }

    /// Keeps what goes, and what should have come in place of what stays.
    fn keep_history(&mut self, backup: &Pack, look: &Look, plan: &Plan) -> Result<Option<u64>, ProtectError> {
        let mut manifest = Manifest::new(self.project.to_owned(), backup.manifest.root, self.now.clone());
        let (mut files, mut saved) = (BTreeMap::new(), BTreeMap::new());
        for (path, standing) in plan.overwrites(look) {
            files.extend(standing.content.clone().map(|content| (path.clone(), content)));
            manifest.nodes.insert(path.clone(), standing.node.clone());
        }
        for (path, node) in plan.left.keys().filter_map(|path| backup.manifest.nodes.get_key_value(path)) {
            saved.extend(backup.files.get(path).map(|content| (path.clone(), content.clone())));
            manifest.saved.insert(path.clone(), node.clone());
        }
        if manifest.nodes.is_empty() && manifest.saved.is_empty() {
            return Ok(None);
        }
        manifest.paths.clone_from(&backup.manifest.paths);
        let (number, _) = self.add(PackKind::History, &Pack { manifest, files, saved })?;
        self.vault.prune(self.locked, PackKind::History, KEEP_HISTORY, Some(number))?;
        Ok(Some(number))
    }

    fn add(&mut self, kind: PackKind, pack: &Pack) -> Result<(u64, Digest), ProtectError> {
        let bytes =
            pack.to_bytes().map_err(|source| ProtectError::Pack { project: self.project.to_owned(), source })?;
        let number = self.vault.add(self.locked, kind, &bytes)?;
        Ok((number, Digest::of(&bytes)))
    }

    /// The backup, if it is the very one that was written; else what is wrong with it. One that the system does not let be read now
    /// may be whole.
    fn pack(&self, saved: &Saved) -> Result<Result<Pack, String>, StoreError> {
        let bytes = match self.vault.pack(PackKind::Backup, saved.backup, MAX_PACK) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Err("is gone".to_owned())),
            Err(StoreError::Unreadable { what, .. }) => return Ok(Err(what)),
            Err(error) => return Err(error),
        };
        if Digest::of(&bytes) != saved.sha256 {
            return Ok(Err("is damaged: its digest is another one".to_owned()));
        }
        Ok(Pack::parse(&bytes).map_err(|error| error.to_string()))
    }

    /// The project's directory, if it may be the one that was saved.
    fn open(&self, backup: &Manifest) -> Option<Root> {
        let root = Root::open(Path::new(self.project)).ok()?;
        let id = root.id().ok()?;
        let same = id == backup.root;
        // An empty directory that is not the very same one is what a disk leaves that was taken away.
        let may_be = id.may_be(backup.root) && !root.is_empty().unwrap_or(true);
        (same || may_be).then_some(root)
    }
}

fn look_at(root: &Root, backup: &Manifest, until: Option<Instant>) -> Look {
    let left_out = |path: &Inside| backup.left_out.contains_key(path);
    Look::at(root, &backup.paths, left_out, until).with_known(root, backup.nodes.keys(), until)
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok()
}

/// What became of it, for a person: which files, and where the other version is.
fn words(project: &str, outcome: &Outcome, backup: &Path, history: Option<&Path>) -> Vec<String> {
    let kept = history.map_or_else(String::new, |path| format!("; what stood there is kept in {}", path.display()));
    let list = |paths: &[Inside]| {
        let names: Vec<String> = paths.iter().take(8).map(|path| path.path().display().to_string()).collect();
        let more = paths.len().saturating_sub(8);
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    };
    let mut texts = Vec::new();
    if !outcome.given.is_empty() {
        texts.push(format!("{project}: given back {}{kept}", list(&outcome.given)));
    }
    if !outcome.removed.is_empty() {
        texts.push(format!("{project}: taken away, since it was not there before: {}{kept}", list(&outcome.removed)));
    }
    for (path, why) in &outcome.left {
        let other = history.unwrap_or(backup).display();
        texts.push(format!(
            "{project}: {} was left as it is: {why}; the saved one is in {other}",
            path.path().display()
        ));
    }
    for (path, why) in &outcome.failed {
        texts.push(format!(
            "{project}: {} could not be given back: {why}; the saved one is in {}, and the next start of a session here tries again",
            path.path().display(),
            backup.display()
        ));
    }
    texts
}
