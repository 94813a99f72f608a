//! The sessions and projects that have an unfinished run of the fleet, by digest, for the start of a session.
//!
//! Nearly every session that starts has no such run. The start looks here, where a name takes a few bytes, and does not parse the
//! rows. Two names with one digest only mean that baton asks the database in vain.

use std::collections::BTreeSet;

use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{HandoffSummary, Row};
use baton_fs::hash::HexDigest;
use baton_store::{FleetFile, Store};
use serde::{Deserialize, Serialize};

/// How old the file may be, in milliseconds. The witness reads the rows each minute.
const MAX_AGE_MS: u64 = 150_000;

/// How many bytes of a digest are kept.
const DIGEST_BYTES: usize = 8;

/// The length of a line: two digits for each byte, and the end of the line.
const LINE_BYTES: usize = 2 * DIGEST_BYTES + 1;

/// The first line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// When the rows were read.
    read: Timestamp,
    /// Whether there are more unfinished runs than were read.
    is_cut: bool,
}

/// The names, and when they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CachedNames {
    head: Head,
    /// Sorted lines of one length, each with one digest.
    digests: Vec<u8>,
}

impl CachedNames {
    /// Returns the names in rows and handoffs that were read at `read`. `is_cut` says whether there are more rows.
    pub(crate) fn of(read: Timestamp, is_cut: bool, rows: &[Row], handoffs: &[HandoffSummary]) -> Self {
        let sessions = rows.iter().filter_map(|row| row.run.owner.session.as_ref());
        let sessions = sessions.chain(handoffs.iter().map(|handoff| &handoff.session)).map(of_session);
        let projects = rows.iter().filter_map(|row| row.run.fleet.as_ref()).map(|fleet| of_project(&fleet.project));
        let digests: BTreeSet<NameDigest> = sessions.chain(projects).collect();
        let lines = digests.iter().flat_map(|digest| [digest.as_str().as_bytes(), b"\n"].concat());
        Self { head: Head { read, is_cut }, digests: lines.collect() }
    }

    /// Reads the file. Returns `None` if nothing was read yet, or the file cannot be used.
    pub(crate) fn read(store: &Store) -> Option<Self> {
        let bytes = store.fleet_bytes(FleetFile::Names).ok().flatten()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, digests) = bytes.split_at_checked(end.checked_add(1)?)?;
        Some(Self { head: serde_json::from_slice(head).ok()?, digests: digests.to_vec() })
    }

    /// Writes the file. If that fails, the older one stays.
    pub(crate) fn keep(self, store: &Store) {
        if let Ok(mut bytes) = serde_json::to_vec(&self.head) {
            bytes.push(b'\n');
            bytes.extend(self.digests);
            let _ = store.write_fleet_bytes(FleetFile::Names, &bytes);
        }
    }

    /// Returns whether the witness has not read the rows for some rounds.
    pub(crate) fn is_old(&self, now: &Timestamp) -> bool {
        self.head.read.age_ms(now) > MAX_AGE_MS
    }

    /// Returns whether any session or project may have an unfinished run of the fleet.
    pub(crate) const fn may_name_any(&self) -> bool {
        self.head.is_cut || !self.digests.is_empty()
    }

    /// Returns whether a session may own an unfinished run of the fleet, or was handed over.
    pub(crate) fn may_name_session(&self, id: &SessionId) -> bool {
        self.head.is_cut || self.has(&of_session(id))
    }

    /// Returns whether a project may have an unfinished run of the fleet.
    pub(crate) fn may_name_project(&self, identity: &str) -> bool {
        self.head.is_cut || self.has(&of_project(identity))
    }

    fn has(&self, digest: &NameDigest) -> bool {
        let (lines, _) = self.digests.as_chunks::<LINE_BYTES>();
        let searched = [digest.as_str().as_bytes(), b"\n"].concat();
        lines.binary_search_by(|line| line.as_slice().cmp(&searched)).is_ok()
    }
}

type NameDigest = HexDigest<DIGEST_BYTES>;

fn of_session(id: &SessionId) -> NameDigest {
    HexDigest::of(format!("session {id}").as_bytes())
}

fn of_project(identity: &str) -> NameDigest {
    HexDigest::of(format!("project {identity}").as_bytes())
}
