//! Turning baton off and on.
//!
//! The setting is written under the lock, or without it when the lock cannot be had: turning baton off must not depend on
//! another call that hangs.

use std::time::{Duration, Instant};

use agent_baton_core::timestamp::Timestamp;

use crate::lock::LockError;
use crate::state_dir::disabled::Disabled;
use crate::state_dir::format;
use crate::store::Store;

/// How long to wait for the lock before writing without it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

impl Store {
    /// Where baton is disabled; nowhere where there is no state yet.
    ///
    /// # Errors
    /// Where the state is of a newer format, or does not say.
    pub fn disabled(&self) -> Result<Disabled, LockError> {
        Ok(format::read(&self.layout)?.map(|format| format.disabled).unwrap_or_default())
    }

    /// Changes where baton is disabled.
    ///
    /// # Errors
    /// Where the state cannot be written, or is of a newer format.
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
            // Read again: without the lock another may have written what it read before.
            format::put(&self.layout, &temp, &format)?;
        }
    }
}
