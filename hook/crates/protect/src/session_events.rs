//! Handles events in projects with protected files: the first session to enter saves the files, and the last one to
//! leave restores them.

use baton_display::error_chain;
use std::path::Path;
use std::time::Instant;

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::process::{HostId, Live};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use super::change_evidence::change_evidence;
use super::limits::SCAN_TIMEOUT;
use super::participants::{Participants, ProbeCache};
use super::policy::{self, Action};
use super::protected_project::{ProtectError, ProtectedProject, RestoreResult};
use super::state::{Participant, ProjectRecord, ProtectionState};
use baton_agents::AgentInspector;
use baton_engine::config::RelativePath;
use baton_engine::decide::DecisionService;
use baton_engine::observer::{Observed, Observer};
use baton_engine::outcome::Outcome;
use baton_engine::snapshot;
use baton_store::{LockedStore, ProtectedStore};
use baton_system::multiplexer::shell_quote;

/// An event in a project with protected files.
pub struct ProtectedProjectEvent<'a> {
    inspector: &'a AgentInspector<'a>,
    project: String,
    paths: Vec<RelativePath>,
    participant: Participant,
    name: EventName,
    /// Whether the event was deferred to the inbox. Then no agent reads the reply.
    was_deferred: bool,
    /// Whether the event was deferred and its process has ended meanwhile.
    process_gone: bool,
    protected_store: ProtectedStore,
    /// What is stored under the project's previous path, if its directory was renamed.
    previous_store: Option<ProtectedStore>,
    probes: ProbeCache,
    place: HostId,
}

impl Observer for ProtectedProjectEvent<'_> {
    fn before_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        // A failure here concerns the user's files, so the reply reports it.
        Ok(self.on_enter(locked, outcome).unwrap_or_else(|error| self.report_failure(locked, &error)))
    }

    fn after_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        Ok(self.on_exit(locked, outcome).unwrap_or_else(|error| vec![error_chain(&error)]))
    }
}

impl<'a> ProtectedProjectEvent<'a> {
    /// Determines who is present in the project, before the lock is taken. Returns `None` if the configuration does
    /// not name the project and no record of it exists.
    #[must_use]
    pub fn prepare(service: &DecisionService<'a>, event: &Event) -> Option<Self> {
        let (id, process) = (event.session.as_ref()?, event.process.as_ref()?);
        let session = service.store.read(|view| view.session(id)).unwrap_or(Reading::Absent);
        let project = snapshot::project_of(&session, event)?.clone();
        let paths = service.settings.config().protected(Path::new(&project));
        let protected_store = service.store.protected_store(&project);
        let bytes = protected_store.record();
        let previous = event.missing_project.as_ref().filter(|previous| **previous != project);
        let previous_store = previous.map(|previous| service.store.protected_store(previous));
        let previous_store = previous_store.filter(|previous| previous.exists().unwrap_or(true));
        if paths.is_empty() && matches!(bytes, Ok(None)) && previous_store.is_none() {
            return None;
        }
        let participant = Participant { session: id.clone(), agent: event.agent, process: process.clone() };
        let place = service.inspector.host().clone();
        let process_gone = service.inspector.process_liveness(process).live == Live::No;
        let known = bytes.ok().flatten().and_then(|bytes| ProjectRecord::parse(&bytes, Some(&project)).ok());
        let participants = known.map(|record| record.participants).unwrap_or_default();
        let mut prepared = Self {
            inspector: service.inspector,
            project,
            paths,
            name: event.name,
            was_deferred: event.waited,
            process_gone,
            protected_store,
            previous_store,
            probes: ProbeCache::default(),
            place,
            participant,
        };
        if event.name == EventName::SessionEnd || !participants.contains(&prepared.participant) {
            // Records that cannot be read now are read under the lock.
            let participants = service.store.read(|view| Participants::read(view, &prepared.project, &participants));
            if let Ok(Ok(participants)) = participants {
                prepared.probes = prepared.probe(&participants);
            }
        }
        Some(prepared)
    }

    /// Registers the launch, if the event shows that it is present. This happens before the event is committed: if
    /// the call is interrupted, the records do not know the launch, so its next event registers it again. Returns the
    /// notices for the user.
    ///
    /// # Errors
    /// Returns what could not be done. The event continues.
    fn on_enter(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Result<Vec<String>, ProtectError> {
        if self.process_gone || !self.is_present_after(outcome) {
            return Ok(Vec::new());
        }
        self.follow_rename(locked, &outcome.request.now)?;
        if self.paths.is_empty() && !self.protected_store.exists()? {
            return Ok(Vec::new());
        }
        let mut protected = self.protected_project(locked, &outcome.request.now);
        let mut record = protected.load_record()?;
        if !record.participants.contains(&self.participant) {
            self.enter(&mut protected, &mut record)?;
        } else if self.was_deferred || record.pending_notices.is_empty() {
            return Ok(Vec::new());
        }
        let told = if self.was_deferred { Vec::new() } else { std::mem::take(&mut record.pending_notices) };
        protected.save_record(&mut record)?;
        Ok(told)
    }

    /// Stores what was saved of this very directory under its new path. If the session went on in another directory,
    /// it stays where it is: the saved directory may come back, for example when its disk is mounted.
    fn follow_rename(&self, locked: &mut LockedStore<'_>, now: &Timestamp) -> Result<(), ProtectError> {
        let Some(previous) = &self.previous_store else { return Ok(()) };
        if self.protected_store.exists()? {
            return Ok(());
        }
        let parsed = previous.record()?.map(|bytes| ProjectRecord::parse(&bytes, None));
        // A record that cannot be read stays for `baton doctor`, which names it.
        let Some(Ok(mut record)) = parsed else { return Ok(()) };
        let Some(saved) = record.backup().cloned() else { return Ok(()) };
        let mut protected = ProtectedProject { protected_store: previous, ..self.protected_project(locked, now) };
        if !protected.is_backup_of_directory(&saved)? {
            return Ok(());
        }
        // An interrupted call may have written the record and not moved it.
        if record.project != self.project {
            let mut text = format!("{} is now {}, and its protected files follow", record.project, self.project);
            if self.paths.is_empty() {
                text.push_str("; to protect them for the next sessions, name the new path in the configuration");
            }
            record.project.clone_from(&self.project);
            record.note(now, text);
            protected.save_record(&mut record)?;
        }
        Ok(previous.rename(locked, &self.protected_store)?)
    }

    fn enter(&self, protected: &mut ProtectedProject<'_, '_>, record: &mut ProjectRecord) -> Result<(), ProtectError> {
        let participants = Participants::load(protected.locked, &self.project, &record.participants)?;
        let goes_on = |participant: &&mut Participant| {
            participant.process == self.participant.process && participants.ended_ms(participant).is_none()
        };
        if self.participant.agent.shows_one_session()
            && let Some(before) = record.participants.iter_mut().find(goes_on)
        {
            // This is Claude's `/clear`, whose end event did not arrive. The process is the same, so nobody left.
            before.session = self.participant.session.clone();
            return Ok(());
        }
        let probes = self.probe(&participants);
        let others = participants.others_live(&probes, &self.place, &self.participant);
        let comes = match policy::on_enter(&record.state, others) {
            Action::RestoreThenSave => self.restore_then_save(protected, record, &participants)?,
            Action::Save => self.save(protected, record),
            Action::TooLate if self.paths.is_empty() => false,
            Action::TooLate => {
                record.note(protected.now, self.too_late_notice());
                true
            }
            Action::None | Action::Restore => true,
        };
        if let ProtectionState::Restoring { saved, .. } = &record.state {
            // A session is present again, so changes from now on are its work.
            record.state = ProtectionState::Saved(saved.clone());
        }
        if others == Live::No {
            record.participants.clear();
        }
        record.participants.retain(|participant| participants.is_live(&probes, &self.place, participant) != Live::No);
        record.participants.extend(comes.then(|| self.participant.clone()));
        Ok(())
    }

    /// Removes the launch, if the event is its end. This happens after the event is committed. Returns the notices
    /// for the user.
    ///
    /// # Errors
    /// Returns what could not be done. The next session that starts in the project tries again.
    fn on_exit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Result<Vec<String>, ProtectError> {
        if self.name != EventName::SessionEnd || self.is_present_after(outcome) {
            return Ok(Vec::new());
        }
        self.follow_rename(locked, &outcome.request.now)?;
        if !self.protected_store.exists()? {
            return Ok(Vec::new());
        }
        let mut protected = self.protected_project(locked, &outcome.request.now);
        let mut record = protected.load_record()?;
        let participants = Participants::load(protected.locked, &self.project, &record.participants)?;
        let probes = self.probe(&participants);
        let others = participants.others_live(&probes, &self.place, &self.participant);
        let before = record.clone();
        let ending = match policy::on_exit(&record.state, others) {
            Action::Restore => {
                let evidence = change_evidence(&record, &outcome.request.now, None);
                Some(protected.restore(&mut record, evidence)?)
            }
            _ => None,
        };
        match ending {
            Some(ending) => {
                ending.finish(&mut record, protected.now);
            }
            None => {
                self.report_unknown_participants(&mut record, &participants, &probes, protected.now);
                record.participants.retain(|participant| others != Live::No && *participant != self.participant);
            }
        }
        if record == before {
            return Ok(Vec::new());
        }
        protected.save_record(&mut record)?;
        let new = record.pending_notices.len().saturating_sub(before.pending_notices.len());
        Ok(record.pending_notices.iter().rev().take(new).rev().cloned().collect())
    }

    /// Returns the notice of a failure, unless the user was told of the same one since the record was last written.
    fn report_failure(&self, locked: &LockedStore<'_>, error: &ProtectError) -> Vec<String> {
        let mut text = error_chain(error);
        if matches!(error, ProtectError::Record { .. }) {
            text.push_str(&format!(
                "; until then, nothing of {} is saved or restored. If no newer baton wrote it, `baton project restore --replace-record --force {}` \
                 restores the newest backup",
                self.project,
                shell_quote(&self.project)
            ));
        }
        let is_new = self.was_deferred || self.protected_store.note_failure(locked, &text).unwrap_or(true);
        if is_new { vec![text] } else { Vec::new() }
    }

    /// Probes again, under the lock, every launch that was not seen to be gone before. Launches may have entered
    /// while this call waited, and launches that were alive may be gone, with the files restored.
    fn probe(&self, participants: &Participants) -> ProbeCache {
        participants.probe(self.inspector, self.probes.clone())
    }

    /// Reports once that nothing is restored because the liveness of some launches is unknown. It may stay so for
    /// ever.
    fn report_unknown_participants(
        &self,
        record: &mut ProjectRecord,
        participants: &Participants,
        probes: &ProbeCache,
        now: &Timestamp,
    ) {
        if record.state == ProtectionState::Idle
            || participants.others_live(probes, &self.place, &self.participant) != Live::Unknown
        {
            return;
        }
        let text = format!(
            "{}: its files were not restored, because baton cannot tell whether all its sessions have ended; `baton project show` \
             lists them, and `baton project restore --force {}` restores the files anyway",
            self.project,
            shell_quote(&self.project)
        );
        if record.notes.last().is_none_or(|note| note.text != text) {
            record.note(now, text);
        }
    }

    /// Restores the files that lost sessions left changed, then saves. If they cannot be restored yet, does not save
    /// over the old backup.
    fn restore_then_save(
        &self,
        protected: &mut ProtectedProject<'_, '_>,
        record: &mut ProjectRecord,
        participants: &Participants,
    ) -> Result<bool, ProtectError> {
        let evidence = change_evidence(record, protected.now, Some(participants));
        let ending = protected.restore(record, evidence)?;
        // Nothing can be lost any more if the backup is damaged. The user is told, and the older backups stay.
        let may_save = ending.finish(record, protected.now) || ending == RestoreResult::BackupMissing;
        Ok(!may_save || self.save(protected, record))
    }

    /// Saves the files, and returns whether that succeeded. If it did not, the launch is not registered, so its next
    /// event tries again.
    fn save(&self, protected: &mut ProtectedProject<'_, '_>, record: &mut ProjectRecord) -> bool {
        if self.paths.is_empty() {
            return false;
        }
        match protected.back_up(record, &self.paths) {
            Ok(saved) => {
                record.state = ProtectionState::Saved(saved);
                record.failed_at = None;
                true
            }
            Err(error) => {
                record.note(protected.now, format!("the protected files were not saved: {}", error_chain(&error)));
                false
            }
        }
    }

    fn too_late_notice(&self) -> String {
        format!(
            "{}: sessions were open before its files were protected, so they were not saved; `baton project save {}` saves them as \
             they are now",
            self.project,
            shell_quote(&self.project)
        )
    }

    /// Returns whether the launch of the event is present once the decision is committed. A launch whose record
    /// cannot be read counts as present.
    fn is_present_after(&self, outcome: &Outcome) -> bool {
        if outcome.decision.has(Reason::RecordUnreadable) {
            return true;
        }
        let changed = outcome.decision.changes.iter().find_map(|change| match &change.record {
            agent_baton_core::decision::Record::Session(session) if session.id == self.participant.session => {
                Some(&**session)
            }
            _ => None,
        });
        let session: Option<&Session> = changed.or_else(|| outcome.request.snapshot.session.record());
        session.is_some_and(|session| session.has_open_launch(&self.participant.process))
    }

    fn protected_project<'s, 'l>(
        &'s self,
        locked: &'s mut LockedStore<'l>,
        now: &'s Timestamp,
    ) -> ProtectedProject<'s, 'l> {
        ProtectedProject {
            locked,
            protected_store: &self.protected_store,
            project: &self.project,
            now,
            deadline: Some(Instant::now() + SCAN_TIMEOUT),
        }
    }
}
