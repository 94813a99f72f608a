//! Removes the messages of a session.

use std::fs;
use std::io::ErrorKind;

use agent_baton_core::id::SessionId;

use crate::error::StoreError;
use crate::state_dir::layout::Layout;

/// Removes the conversation of a session. A missing conversation is not an error.
pub(crate) fn remove_conversation(layout: &Layout, session: &SessionId) -> Result<(), StoreError> {
    let dir = layout.conversation(session);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", &dir)(error)),
        _ => Ok(()),
    }
}
