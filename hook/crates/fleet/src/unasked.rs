//! The sessions about which the database could not be asked, so that their next event asks.

use agent_baton_core::id::SessionId;
use baton_store::{FleetFile, Store, StoreError};
use serde::{Deserialize, Serialize};

/// How many are remembered. If there are more, the witness finds the runs of the oldest ones.
const MAX: usize = 64;

/// Sessions that began here while the database did not answer. They may own runs of which this machine has no copy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Unasked {
    sessions: Vec<SessionId>,
}

impl Unasked {
    /// Returns whether the database has to be asked about a session.
    pub(crate) fn names(store: &Store, session: &SessionId) -> bool {
        Self::read(store).sessions.contains(session)
    }

    /// Forgets these sessions if the database was reached, and else remembers them. If that fails, the witness finds their runs.
    pub(crate) fn note(store: &Store, sessions: &[SessionId], reached: bool) {
        let before = Self::read(store);
        let mut after = before.clone();
        after.sessions.retain(|known| !sessions.contains(known));
        if !reached {
            after.sessions.extend(sessions.iter().cloned());
            let spare = after.sessions.len().saturating_sub(MAX);
            after.sessions.drain(..spare);
        }
        let written: Result<(), StoreError> = if after == before {
            Ok(())
        } else if after.sessions.is_empty() {
            store.remove_fleet_file(FleetFile::Unasked)
        } else {
            store.write_fleet_file(FleetFile::Unasked, &after)
        };
        drop(written);
    }

    fn read(store: &Store) -> Self {
        store.fleet_file(FleetFile::Unasked).ok().flatten().unwrap_or_default()
    }
}
