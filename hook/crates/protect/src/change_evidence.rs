//! Finds out who changed the protected files since baton last knew them.

use agent_baton_core::timestamp::{CLOCK_TOLERANCE_MS, Timestamp};

use super::participants::Participants;
use super::restore_plan::ChangeEvidence;
use super::state::{ProjectRecord, ProtectionState};

/// Returns what shows who changed the files. `participants` are those who were present before a launch enters, or
/// `None` when the last one leaves.
pub(crate) fn change_evidence(
    record: &ProjectRecord,
    now: &Timestamp,
    participants: Option<&Participants>,
) -> ChangeEvidence {
    if let ProtectionState::Restoring { seen, .. } = &record.state {
        return ChangeEvidence::SeenAtExit(seen.clone());
    }
    let Some(participants) = participants.filter(|_| !record.participants.is_empty()) else {
        return ChangeEvidence::SessionsUntilNow;
    };
    // An end in the future says nothing about what changed since.
    let latest = now.unix_ms.saturating_add(CLOCK_TOLERANCE_MS);
    if let Some(ended) = participants.all_ended_ms().filter(|ended| *ended <= latest) {
        return ChangeEvidence::NoSessionsSince(ended);
    }
    // No participant survived the start of this boot.
    if record.participants.iter().all(|participant| participant.process.boot != now.boot) {
        return ChangeEvidence::NoSessionsSince(now.unix_ms.saturating_sub(now.boot_ms));
    }
    ChangeEvidence::SessionsUntilNow
}
