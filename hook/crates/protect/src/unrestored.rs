//! Finds and restores the protected files that sessions left behind which are all gone. Nobody need start another
//! session in the project.

use std::time::Instant;

use agent_baton_core::process::Live;
use agent_baton_core::timestamp::Timestamp;

use super::backup::{DamagedBackup, damaged_backup};
use super::change_evidence::change_evidence;
use super::participants::{Participants, ProbeCache};
use super::protected_project::{ProtectError, ProtectedProject};
use super::state::ProjectRecord;
use baton_agents::AgentInspector;
use baton_store::{LockedStore, ProtectedStore, Store, StoreError};

/// How long after a failed attempt the next one follows, in milliseconds. A session that starts in the project tries
/// at once.
const RETRY_AFTER_MS: u64 = 3_600_000;

/// A project whose protected files are to be restored.
pub struct UnrestoredProject {
    /// Its record, as it was read without the lock.
    pub record: ProjectRecord,
    /// Whether a session is present. An unknown one may be.
    pub present: Live,
    protected_store: ProtectedStore,
    probes: ProbeCache,
}

/// Returns the projects with saved files in which no session is known to be alive. A record that cannot be read is left
/// out.
///
/// # Errors
/// Returns an error if the projects cannot be listed.
pub fn unrestored_projects(
    store: &Store,
    inspector: &AgentInspector<'_>,
) -> Result<Vec<UnrestoredProject>, StoreError> {
    let mut found = Vec::new();
    for protected_store in store.protected_stores()? {
        let record = protected_store.record().ok().flatten().and_then(|bytes| ProjectRecord::parse(&bytes, None).ok());
        let Some(record) = record.filter(|record| record.backup().is_some()) else { continue };
        let participants = store.read(|view| {
            Participants::read(view, &record.project, &record.participants)
                .unwrap_or_else(|_| Participants::from_participants(view, &record.participants))
        })?;
        let probes = participants.probe(inspector, ProbeCache::default());
        let present = participants.any_live(&probes, inspector.host());
        if present != Live::Yes {
            found.push(UnrestoredProject { record, present, protected_store, probes });
        }
    }
    Ok(found)
}

impl UnrestoredProject {
    /// Returns what is wrong with the backup that is to be restored, or `None` if it can be used.
    ///
    /// # Errors
    /// Returns an error if the system does not allow reading it now.
    pub fn damaged_backup(&self) -> Result<Option<DamagedBackup>, StoreError> {
        damaged_backup(&self.protected_store, &self.record)
    }

    /// Returns whether the next start of a session restores the files: every session is gone, and no attempt has just
    /// failed.
    #[must_use]
    pub fn is_due(&self, now: &Timestamp) -> bool {
        let waits = self.record.failed_at.as_ref().is_some_and(|at| at.age_ms(now) < RETRY_AFTER_MS);
        self.present == Live::No && !waits
    }

    /// Restores the files, unless a session entered meanwhile. The next session in the project tells its user.
    ///
    /// # Errors
    /// Returns an error if a file of the state cannot be read or written. The next start tries again.
    pub fn restore(
        self,
        locked: &mut LockedStore<'_>,
        inspector: &AgentInspector<'_>,
        now: &Timestamp,
        deadline: Instant,
    ) -> Result<(), ProtectError> {
        let Self { record: ProjectRecord { project, .. }, protected_store, probes, .. } = self;
        let mut protected = ProtectedProject {
            locked,
            protected_store: &protected_store,
            project: &project,
            now,
            deadline: Some(deadline),
        };
        let mut record = protected.load_record()?;
        let participants = Participants::load(protected.locked, &project, &record.participants)?;
        let probes = participants.probe(inspector, probes);
        if record.backup().is_none() || participants.any_live(&probes, inspector.host()) != Live::No {
            return Ok(());
        }
        // The project's file system may not answer. A call that hangs is ended, and the next one must not hang again.
        record.failed_at = Some(now.clone());
        protected.save_record(&mut record)?;
        let told = (record.notes.clone(), record.pending_notices.clone());
        let evidence = change_evidence(&record, now, Some(&participants));
        let ending = protected.restore(&mut record, evidence)?;
        let is_finished = ending.finish(&mut record, now);
        let is_new = record.notes.iter().any(|note| told.0.iter().all(|before| before.text != note.text));
        if !is_finished && !is_new {
            // The same failure as before is told once.
            (record.notes, record.pending_notices) = told;
        }
        protected.save_record(&mut record)
    }
}
