//! `baton session import`.

use std::path::PathBuf;

use agent_baton_core::decision::Location;
use agent_baton_core::request::Reading;
use clap::Args;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_display::{Progress, format_count};
use baton_engine::export::{self, SessionExport};
use baton_fs::read::open_own;
use baton_store::{AuditAction, ImportedConversation, Transaction};

/// Import a session that `baton session export` wrote, as an archived one.
#[derive(Args)]
pub struct Import {
    /// File that `baton session export` wrote
    file: PathBuf,
}

impl Import {
    /// Imports the session, completely or not at all.
    ///
    /// # Errors
    /// Returns an error if the file is not a complete export, if the session already has a record here, or if the
    /// state cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let path = self.file.display();
        let (file, _) = open_own(&self.file).map_err(|source| CommandError::cannot("read", &path, source))?;
        let progress = Progress::begin("reading the session", None);
        let mut export = SessionExport::read(file).map_err(|source| CommandError::cannot("import", &path, source))?;
        let context = Context::open()?;
        let mut locked = context.lock()?;
        let (id, now) = (export.session.id.clone(), context.now());
        let deleted = export::find_deleted(&locked.view(), &export.session)?;
        if deleted.is_none() && locked.view().session(&id) != Reading::Absent {
            return Err(CommandError::refused(format!("session {id} already exists here and was not changed")).hint(
                format!(
                    "`baton session show {id}` shows it; to import the exported one, delete this one first: \
                     `baton session delete {id}`"
                ),
            ));
        }
        let transcript = export.transcript.as_ref().map(|transcript| (transcript.name(), transcript.bytes.as_slice()));
        export.session.transcript = match transcript {
            Some((name, _)) => context.store().imported_transcript_path(&id, name).into_os_string().into_string().ok(),
            None => export.session.transcript.take(),
        };
        let mut session = export::as_archived(export.session, &now);
        let (chunks, messages) = (export.chunks.len(), export.messages.len());
        let imported = ImportedConversation {
            messages: &export.messages,
            chunks: &export.chunks,
            decisions: &export.decisions,
            transcript,
        };
        if deleted.is_some() {
            locked.remove_conversation(&id)?;
        }
        // Write the record last. Without it, the files belong to no session, and the next import replaces them.
        locked.import_conversation(&id, imported, &now)?;
        let mut transaction = Transaction::begin(&mut locked, AuditAction::SessionImported, &now);
        match deleted {
            Some(deleted) => {
                // The import continues the deleted record, so it keeps its creation time.
                session.created = deleted.created.clone();
                transaction.update_session(deleted, session, Location::Archive);
            }
            None => transaction.insert_session(session, Location::Archive),
        }
        transaction.commit()?;
        drop(progress);
        for report in locked.take_reports() {
            output::notice(&report);
        }
        let messages = format_count(messages, "message", "messages");
        output::print(&format!(
            "session {id} is in the archive, with {messages} and {}\n",
            format_count(chunks, "chunk", "chunks")
        ))
    }
}
