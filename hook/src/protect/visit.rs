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
    name: EventName,
    /// The event waited in the inbox: nobody reads what is told now.
    waited: bool,
    /// It waited, and its process has ended meanwhile.
    gone: bool,
    vault: Vault,
    sights: Sights,
    place: Place,
}

impl Visit {
    /// Looks at who is in the project and who is gone, before the lock is taken. None where nothing in the configuration names the
    /// project, and nothing is kept of it.
    #[must_use]
    pub fn begin<M: Machine, E: Environment>(decider: &Decider<'_, M, E>, event: &Event) -> Option<Self> {
        let (id, process) = (event.session.as_ref()?, event.process.as_ref()?);
        let registered =
            decider.store.read(|view| view.session(id).record().and_then(|session| session.project.clone()));
        let project = registered.ok().flatten().or_else(|| event.project.clone())?;
        let paths = decider.settings.config().protected(Path::new(&project));
        let vault = decider.store.vault(&project);
        let bytes = vault.record();
        if paths.is_empty() && matches!(bytes, Ok(None)) {
            return None;
        }
        let presence = Presence { session: id.clone(), agent: event.agent, process: process.clone() };
        let place = decider.here.place.clone();
        let gone = matches!(sight(decider.machine, process, &place), Sight::Gone | Sight::Zombie | Sight::Reused);
        let known = bytes.ok().flatten().and_then(|bytes| Record::parse(&bytes, Some(&project)).ok());
        let present = known.map(|record| record.present).unwrap_or_default();
        let mut visit = Self {
            project,
            paths,
            name: event.name,
            waited: event.waited,
            gone,
            vault,
            sights: Sights::default(),
            place,
            presence,
        };
        if event.name == EventName::SessionEnd || !present.contains(&visit.presence) {
            // What cannot be read now is read under the lock.
            let company = decider.store.read(|view| Company::read(view, &visit.project, &present));
            if let Ok(Ok(company)) = company {
                visit.sights = visit.look(decider, &company);
            }
        }
        Some(visit)
    }

    /// Comes in, if the event shows that its launch is there: before that is committed, so that a call that is cut off leaves a
    /// launch that is not known, whose next event comes in again. Gives what the person is told.
    ///
    /// # Errors
    /// What could not be done. The event goes on.
    pub fn come_in<M: Machine, E: Environment>(
        &self,
        decider: &Decider<'_, M, E>,
        locked: &mut Locked<'_>,
        settled: &Settled,
    ) -> Result<Vec<String>, ProtectError> {
        if self.gone || !self.is_there(settled) {
            return Ok(Vec::new());
        }
        let mut custody = self.custody(locked, &settled.request.now);
        let mut record = custody.record()?;
        if !record.present.contains(&self.presence) {
            self.join(decider, &mut custody, &mut record)?;
        } else if self.waited || record.untold.is_empty() {
            return Ok(Vec::new());
        }
        let told = if self.waited { Vec::new() } else { std::mem::take(&mut record.untold) };
        custody.keep(&mut record)?;
        Ok(told)
    }

    fn join<M: Machine, E: Environment>(
        &self,
        decider: &Decider<'_, M, E>,
        custody: &mut Custody<'_, '_>,
        record: &mut Record,
    ) -> Result<(), ProtectError> {
        let company = Company::at_hand(custody.locked, &self.project, &record.present)?;
        let goes_on = |presence: &&mut Presence| {
            presence.process == self.presence.process && company.ended_ms(presence).is_none()
        };
        if self.presence.agent.shows_one_session()
            && let Some(before) = record.present.iter_mut().find(goes_on)
        {
            // Claude's /clear, whose end did not come through: nobody left.
            before.session = self.presence.session.clone();
            return Ok(());
        }
        let sights = self.look(decider, &company);
        let others = company.others(&sights, &self.place, &self.presence);
        let comes = match rule::comes_in(&record.state, others) {
            Duty::GiveBackThenSave => self.begin_anew(custody, record, &company)?,
            Duty::Save => self.save(custody, record),
            Duty::TooLate if self.paths.is_empty() => false,
            Duty::TooLate => {
                record.note(custody.now, self.too_late());
                true
            }
            Duty::None | Duty::GiveBack => true,
        };
        if let State::GivingBack { saved, .. } = &record.state {
            // A session is there again: what changes from now on is its work.
            record.state = State::Saved(saved.clone());
        }
        if others == Live::No {
            record.present.clear();
        }
        record.present.retain(|presence| company.lives(&sights, &self.place, presence) != Live::No);
        record.present.extend(comes.then(|| self.presence.clone()));
        Ok(())
    }

    /// Leaves, if the event is the end of its launch: after that is committed. Gives what the person is told.
    ///
    /// # Errors
    /// What could not be done: the next start of a session in the project tries again.
    pub fn leave<M: Machine, E: Environment>(
        &self,
        decider: &Decider<'_, M, E>,
        locked: &mut Locked<'_>,
        settled: &Settled,
    ) -> Result<Vec<String>, ProtectError> {
        if self.name != EventName::SessionEnd || self.is_there(settled) {
            return Ok(Vec::new());
        }
        let mut custody = self.custody(locked, &settled.request.now);
        let mut record = custody.record()?;
        let company = Company::at_hand(custody.locked, &self.project, &record.present)?;
        let sights = self.look(decider, &company);
        let others = company.others(&sights, &self.place, &self.presence);
        let before = record.clone();
        let ending = match rule::leaves(&record.state, others) {
            Duty::GiveBack => {
                let evidence = Self::evidence(&record, &settled.request.now, None);
                Some(custody.give_back(&mut record, evidence)?)
            }
            _ => None,
        };
        match ending {
            Some(Ending::Done(_) | Ending::Lost) => {
                record.state = State::Idle;
                record.present.clear();
            }
            // Those who left stay noted: when they did says, at the next start, who changed the files since.
            Some(Ending::Again(_) | Ending::Away) => {}
            None => {
                self.note_unknown(&mut record, &company, &sights, custody.now);
                record.present.retain(|presence| others != Live::No && *presence != self.presence);
            }
        }
        if record == before {
            return Ok(Vec::new());
        }
        custody.keep(&mut record)?;
        let new = record.untold.len().saturating_sub(before.untold.len());
        Ok(record.untold.iter().rev().take(new).rev().cloned().collect())
    }

    /// Looks under the lock at whoever was not seen to be gone before it: some came in while this call waited, and some that lived then
    /// are gone by now, and the files given back.
    fn look<M: Machine, E: Environment>(&self, decider: &Decider<'_, M, E>, company: &Company) -> Sights {
        company.look(decider.witness, decider.machine, &self.place, self.sights.clone())
    }

    /// Has it told, once, where nothing is given back for the sake of launches of which nobody can tell whether they live: no event
    /// may ever settle that.
    fn note_unknown(&self, record: &mut Record, company: &Company, sights: &Sights, now: &Stamp) {
        if record.state == State::Idle || company.others(sights, &self.place, &self.presence) != Live::Unknown {
            return;
        }
        let text = format!(
            "{}: its files were not given back, since nobody can tell whether all its sessions are over; `baton project show` names \
             them, `baton project give-back --force {}` gives back all the same",
            self.project, self.project
        );
        if record.notes.last().is_none_or(|note| note.text != text) {
            record.note(now, text);
        }
    }

    /// Gives back what lost sessions left, then saves. What cannot be given back yet is not saved over.
    fn begin_anew(
        &self,
        custody: &mut Custody<'_, '_>,
        record: &mut Record,
        company: &Company,
    ) -> Result<bool, ProtectError> {
        let evidence = Self::evidence(record, custody.now, Some(company));
        match custody.give_back(record, evidence)? {
            Ending::Done(_) | Ending::Lost => {
                record.state = State::Idle;
                Ok(self.save(custody, record))
            }
            Ending::Again(_) | Ending::Away => Ok(true),
        }
    }

    /// Saves, and says whether that went well. A launch for which it did not has not come in: its next event tries again.
    fn save(&self, custody: &mut Custody<'_, '_>, record: &mut Record) -> bool {
        if self.paths.is_empty() {
            return false;
        }
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

    /// Who may have changed the files since baton last knew; `company` is of those who were there before a launch comes in, and none
    /// where the last one leaves.
    fn evidence(record: &Record, now: &Stamp, company: Option<&Company>) -> Evidence {
        if let State::GivingBack { seen, .. } = &record.state {
            return Evidence::Seen(seen.clone());
        }
        let Some(company) = company.filter(|_| !record.present.is_empty()) else { return Evidence::Sessions };
        if let Some(ended) = company.all_ended_ms() {
            return Evidence::NobodySince(ended);
        }
        // Nobody who came in lived on past the start of this boot.
        if record.present.iter().all(|presence| presence.process.boot != now.boot) {
            return Evidence::NobodySince(now.unix_ms.saturating_sub(now.boot_ms));
        }
        Evidence::Sessions
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
