//! Turns baton off and on.
//!
//! The setting is written under the lock, or without it if the lock cannot be acquired. Turning baton off must not
//! depend on another call that hangs.

use std::time::{Duration, Instant};

use agent_baton_core::timestamp::Timestamp;

use crate::lock::LockError;
use crate::state_dir::disabled::Disabled;
use crate::state_dir::format;
use crate::store::Store;

/// How long to wait for the lock before writing without it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

impl Store {
    /// Returns where baton is disabled. Without a state directory, it is disabled nowhere.
    ///
    /// # Errors
    /// Returns an error if the format file is unreadable or has a newer format.
    pub fn disabled(&self) -> Result<Disabled, LockError> {
        Ok(format::read(&self.layout)?.map(|format| format.disabled).unwrap_or_default())
    }

    /// Changes where baton is disabled.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be written or has a newer format.
    pub fn set_disabled(&self, now: &Timestamp, change: impl Fn(&mut Disabled)) -> Result<Disabled, LockError> {
        let locked = match self.lock(Instant::now() + LOCK_TIMEOUT, now) {
            Ok(locked) => Some(locked),
            Err(LockError::Busy { .. }) => None,
            Err(error) => return Err(error),
        };
        let temp = format!("disabled.{}", std::process::id());
        loop {
            let Some(mut format) = format::read(&self.layout)? else {
                return Err(LockError::Busy { path: self.layout.lock() });
            };
            let before = format.disabled.clone();
            change(&mut format.disabled);
            if format.disabled == before {
                drop(locked);
                return Ok(before);
            }
            // Reads the setting again, because without the lock another call may have overwritten it.
            format::put(&self.layout, &temp, &format)?;
        }
    }
}
