//! One event at a project with protected files: who comes in first saves them, who leaves last gives them back.

use std::path::Path;
use std::time::Instant;

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::process::{Live, Place, Sight};
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::stamp::Stamp;

use super::company::{Company, Sights};
use super::custody::{Custody, Ending, ProtectError};
use super::limits::MAX_TIME;
use super::plan::Evidence;
use super::record::{Presence, Record, State};
use super::rule::{self, Duty};
use crate::config::Inside;
use crate::decider::{Decider, Settled};
use crate::machine::Machine;
use crate::machine::environment::Environment;
use crate::machine::sight::sight;
use crate::store::{Locked, Vault};

/// An event at a project with protected files.
#[derive(Debug)]
pub struct Visit {
    project: String,
    paths: Vec<Inside>,
    presence: Presence,
    /// The event waited in the inbox, and its process has ended meanwhile.
    gone: bool,
    vault: Vault,
    sights: Sights,
    place: Place,
}

impl Visit {
    /// Looks at who is in the project; under the lock, so that nobody is missed. None where nothing in the configuration names the project.
    #[must_use]
    pub fn begin<M: Machine, E: Environment>(decider: &Decider<'_, M, E>, event: &Event) -> Option<Self> {
        let config = decider.settings.config();
        if config.protect.is_empty() {
            return None;
        }
        let (id, process) = (event.session.as_ref()?, event.process.as_ref()?);
        let registered =
            decider.store.read(|view| view.session(id).record().and_then(|session| session.project.clone()));
        let project = registered.ok().flatten().or_else(|| event.project.clone())?;
        let paths = config.protected(Path::new(&project));
        if paths.is_empty() {
            return None;
        }
        let vault = decider.store.vault(&project);
        let presence = Presence { session: id.clone(), agent: event.agent, process: process.clone() };
        let place = decider.here.place.clone();
        let gone = matches!(sight(decider.machine, process, &place), Sight::Gone | Sight::Zombie | Sight::Reused);
        let known = vault.record().ok().flatten().and_then(|bytes| Record::parse(&bytes, Some(&project)).ok());
        let present = known.map(|record| record.present).unwrap_or_default();
        // What cannot be read now was not looked at, and so counts as there.
        let company = decider.store.read(|view| Company::read(view, &project, &present)).ok().and_then(Result::ok);
        let sights = company.map(|company| company.look(decider.witness, decider.machine, &place)).unwrap_or_default();
        Some(Self { project, paths, presence, gone, vault, sights, place })
    }

    /// Comes in, if the event shows that its launch is there: before that is committed, so that a call that is cut off leaves a
    /// launch that is not known, whose next event comes in again.
    ///
    /// # Errors
    /// What could not be done. The event goes on.
    pub fn come_in(&self, locked: &mut Locked<'_>, settled: &Settled) -> Result<Vec<String>, ProtectError> {
        if self.gone || !self.is_there(settled) {
            return Ok(Vec::new());
        }
        let now = &settled.request.now;
        let mut custody = self.custody(locked, now);
        let mut record = custody.record()?;
        if record.present.contains(&self.presence) {
            return Ok(Vec::new());
        }
        let company = Company::read(&custody.locked.view(), &self.project, &record.present)?;
        let others = company.others(&self.sights, &self.place, &self.presence);
        let same_process = |presence: &&mut Presence| presence.process == self.presence.process;
        if self.presence.agent.shows_one_session()
            && let Some(before) = record.present.iter_mut().find(same_process)
        {
            // Claude's /clear: nobody left.
            before.session = self.presence.session.clone();
        } else {
            let comes = match rule::comes_in(&record.state, others) {
                Duty::GiveBackThenSave => self.begin_anew(&mut custody, &mut record)?,
                Duty::Save => self.save(&mut custody, &mut record),
                Duty::TooLate => {
                    record.note(now, self.too_late());
                    true
                }
                Duty::None | Duty::GiveBack => true,
            };
            if others == Live::No {
                record.present.clear();
            }
            record.present.retain(|presence| company.lives(&self.sights, &self.place, presence) != Live::No);
            record.present.extend(comes.then(|| self.presence.clone()));
        }
        let told = std::mem::take(&mut record.untold);
        custody.keep(&mut record)?;
        Ok(told)
    }

    /// Leaves, if the event is the end of its launch: after that is committed.
    ///
    /// # Errors
    /// What could not be done: the next start of a session in the project tries again.
    pub fn leave(
        &self,
        locked: &mut Locked<'_>,
        event: &Event,
        settled: &Settled,
    ) -> Result<Vec<String>, ProtectError> {
        if event.name != EventName::SessionEnd || self.is_there(settled) {
            return Ok(Vec::new());
        }
        let mut custody = self.custody(locked, &settled.request.now);
        let mut record = custody.record()?;
        let company = Company::read(&custody.locked.view(), &self.project, &record.present)?;
        let others = company.others(&self.sights, &self.place, &self.presence);
        let before = record.clone();
        if rule::leaves(&record.state, others) == Duty::GiveBack {
            let evidence = self.evidence(&record, &settled.request.now, true);
            if let Ending::Done(_) | Ending::Lost = custody.give_back(&mut record, evidence)? {
                record.state = State::Idle;
            }
        }
        if others == Live::No {
            record.present.clear();
        }
        record.present.retain(|presence| *presence != self.presence);
        if record == before {
            return Ok(Vec::new());
        }
        custody.keep(&mut record)?;
        let new = record.untold.len().saturating_sub(before.untold.len());
        Ok(record.untold.iter().rev().take(new).rev().cloned().collect())
    }

    /// Gives back what lost sessions left, then saves. What cannot be given back yet is not saved over.
    fn begin_anew(&self, custody: &mut Custody<'_, '_>, record: &mut Record) -> Result<bool, ProtectError> {
        let evidence = self.evidence(record, custody.now, false);
        match custody.give_back(record, evidence)? {
            Ending::Done(_) | Ending::Lost => {
                record.state = State::Idle;
                Ok(self.save(custody, record))
            }
            Ending::Again(_) | Ending::Away => {
                // From here on a session is there again, and what changes is its work.
                if let Some(saved) = record.saved().cloned() {
                    record.state = State::Saved(saved);
                }
                Ok(true)
            }
        }
    }

    /// Saves, and says whether that went well. A launch for which it did not has not come in: its next event tries again.
    fn save(&self, custody: &mut Custody<'_, '_>, record: &mut Record) -> bool {
        match custody.save(record, &self.paths) {
            Ok(saved) => {
                record.state = State::Saved(saved);
                true
            }
            Err(error) => {
                record.note(custody.now, format!("the protected files were not saved: {error}"));
                false
            }
        }
    }

    /// Who may have changed the files since baton last knew.
    fn evidence(&self, record: &Record, now: &Stamp, leaves: bool) -> Evidence {
        match &record.state {
            State::GivingBack { seen, .. } => Evidence::Seen(seen.clone()),
            _ if leaves || record.present.is_empty() => Evidence::Sessions,
            // Nobody who came in lived on past the start of this boot.
            _ if record.present.iter().all(|presence| presence.process.boot != now.boot) => {
                Evidence::NobodySince(now.unix_ms.saturating_sub(now.boot_ms))
            }
            _ => Evidence::Sessions,
        }
    }

    fn too_late(&self) -> String {
        format!(
            "{}: sessions were here before its files were protected, so they were not saved; `baton project save {}` saves them as \
             they are now",
            self.project, self.project
        )
    }

    /// Whether the launch of the event is there once the decision is committed. One whose record cannot be read is there too.
    fn is_there(&self, settled: &Settled) -> bool {
        if settled.decision.has(Reason::RecordUnreadable) {
            return true;
        }
        let changed = settled.decision.changes.iter().find_map(|change| match &change.record {
            agent_baton_core::decision::Record::Session(session) if session.id == self.presence.session => {
                Some(&**session)
            }
            _ => None,
        });
        let session: Option<&Session> = changed.or_else(|| settled.request.snapshot.session.record());
        session.is_some_and(|session| session.is_shown_by(&self.presence.process))
    }

    fn custody<'a, 'l>(&'a self, locked: &'a mut Locked<'l>, now: &'a Stamp) -> Custody<'a, 'l> {
        Custody { locked, vault: &self.vault, project: &self.project, now, until: Some(Instant::now() + MAX_TIME) }
    }
}
