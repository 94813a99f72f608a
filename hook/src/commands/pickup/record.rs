//! The record of a session that was handed over.

use std::path::Path;

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::request::Reading;
use agent_baton_core::session::Session;
use baton_engine::export::{SessionExport, as_picked_up, find_deleted};
use baton_store::{AuditAction, ImportedConversation, Transaction};

use crate::commands::resume;
use crate::context::{Context, unreadable};
use crate::error::CommandError;
use crate::output;

/// Refuses a session that an agent on this machine shows: two agents would write one conversation.
///
/// # Errors
/// Refused if a launch of it is alive or was just started, or if its record cannot be read.
pub(super) fn check_not_alive(context: &Context, id: &SessionId) -> Result<(), CommandError> {
    let session = match context.store().read(|view| (view.session(id), view.session_error(id)))? {
        (Reading::Live(session) | Reading::Archived(session), _) => session,
        (Reading::Unreadable, why) => return Err(unreadable(why)),
        (Reading::Absent | Reading::Deleted, _) => return Ok(()),
    };
    let is_being_resumed = resume::is_being_resumed(context, &session);
    let seen = context.session_reader().assess(session, false);
    if is_being_resumed {
        return Err(CommandError::refused(format!("session {id} is being resumed on this machine")));
    }
    if seen.launches.iter().all(|verdict| verdict.live != Live::Yes) {
        return Ok(());
    }
    Err(CommandError::refused(format!("session {id} is running on this machine"))
        .hint("end its agent first, because two agents would write one conversation"))
}

/// Imports the session's record and conversation, and returns whether the session was known here. What is known stays: the
/// messages, the launches, the runs and the pin.
///
/// # Errors
/// Returns an error if the lock is not available in time, or if the state cannot be written.
pub(super) fn import(
    context: &Context,
    export: &SessionExport,
    project: &str,
    transcript: &Path,
) -> Result<bool, CommandError> {
    let (id, now) = (&export.session.id, context.now());
    let mut locked = context.lock()?;
    let deleted = find_deleted(&locked.view(), &export.session)?;
    let (before, location) = match locked.view().session(id) {
        Reading::Live(session) => (Some(session), Location::Live),
        Reading::Archived(session) => (Some(session), Location::Archive),
        Reading::Absent => (None, Location::Archive),
        Reading::Deleted => (deleted, Location::Archive),
        Reading::Unreadable => return Err(unreadable(locked.view().session_error(id))),
    };
    if before.as_ref().is_some_and(|before| before.agent != export.session.agent) {
        return Err(CommandError::refused(format!("session {id} of this machine belongs to another agent")));
    }
    let imported = ImportedConversation {
        messages: &export.messages,
        chunks: &export.chunks,
        decisions: &export.decisions,
        transcript: None,
    };
    if before.is_some() {
        locked.merge_conversation(id, imported, &now)?;
    } else {
        locked.import_conversation(id, imported, &now)?;
    }
    let session = Session {
        transcript: transcript.to_str().map(str::to_owned),
        ..as_picked_up(export.session.clone(), before.as_ref(), project, &now)
    };
    let was_known = before.is_some();
    let mut transaction = Transaction::begin(&mut locked, AuditAction::SessionImported, &now);
    match before {
        Some(before) => transaction.update_session(before, session, location),
        None => transaction.insert_session(session, location),
    }
    transaction.commit()?;
    for report in locked.take_reports() {
        output::notice(&report);
    }
    Ok(was_known)
}
