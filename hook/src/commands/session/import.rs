//! `baton session import`.

use std::path::PathBuf;

use agent_baton_core::decision::{Change, Record, Shelf};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Named, Reading, Snapshot};
use agent_baton_core::session::{End, Session};
use agent_baton_core::stamp::Stamp;
use clap::Args;

use crate::bundle::{self, Bundle, BundleError};
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::machine::file::open_own;
use crate::store::{Brought, Checked, View};
use crate::words;

/// Brings a session that `baton session export` wrote, as an archived one.
#[derive(Args)]
pub struct Import {
    /// The bundle
    file: PathBuf,
}

impl Import {
    /// Brings it: whole, or nothing of it.
    ///
    /// # Errors
    /// The file is no whole bundle, the session is known here, or the state cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let (file, _) =
            open_own(&self.file).map_err(|source| CommandError::File { path: self.file.clone(), source })?;
        let wrong = |source: BundleError| CommandError::Bundle { path: self.file.clone(), source };
        let mut bundle = Bundle::read(file).map_err(wrong)?;
        let context = Context::open()?;
        let mut locked = context.lock()?;
        let (id, now) = (bundle.session.id.clone(), context.now());
        let deleted = deleted(&locked.view(), &bundle.session)?;
        if deleted.is_none() && locked.view().session(&id) != Reading::Absent {
            return Err(CommandError::Known(format!(
                "session {id} is known here, and nothing of it was changed: `baton session show {id}` shows it. To have the \
                 bundle's, delete this one first: baton session delete {id}"
            )));
        }
        let transcript = bundle.transcript.as_ref().map(|transcript| (transcript.name(), transcript.bytes.as_slice()));
        bundle.session.transcript = match transcript {
            Some((name, _)) => context.store().brought_transcript(&id, name).into_os_string().into_string().ok(),
            None => bundle.session.transcript.take(),
        };
        let mut session = archived(bundle.session, &now);
        if let Some(deleted) = &deleted {
            // One record goes on: it was born when the deleted one was.
            session.created = deleted.created.clone();
            session.revision = deleted.revision.saturating_add(1);
        }
        let (chunks, messages) = (bundle.chunks.len(), bundle.messages.len());
        let brought =
            Brought { messages: &bundle.messages, chunks: &bundle.chunks, decisions: &bundle.decisions, transcript };
        if deleted.is_some() {
            locked.remove_conversation(&id)?;
        }
        // The record last: without it, what stands there is nobody's, and the next import sets it aside.
        locked.lay_down(&id, brought, &now)?;
        let before = deleted.as_ref().map(|deleted| deleted.revision);
        let named = Named { id: id.to_string(), reading: deleted.map_or(Reading::Absent, Reading::Archived) };
        let snapshot = Snapshot { neighbours: vec![named], ..Snapshot::default() };
        let changes = [Change { before, to: Shelf::Archive, record: Record::Session(Box::new(session)) }];
        let checked = Checked::by_person("session_imported", &now, &snapshot, &changes);
        let checked = checked.map_err(|refusal| CommandError::Decider(refusal.into()))?;
        locked.commit(&checked).map_err(|error| CommandError::Decider(error.into()))?;
        for report in locked.take_reports() {
            print::say(&report);
        }
        let messages = words::count(messages, "message", "messages");
        print::lines(&format!(
            "session {id} is in the archive, with {messages} and {}\n",
            words::count(chunks, "chunk", "chunks")
        ))
    }
}

/// The session's record in the trash, where a person deleted it: a person may bring it back, from a bundle too.
fn deleted(view: &View<'_>, session: &Session) -> Result<Option<Session>, CommandError> {
    if view.session(&session.id) != Reading::Deleted {
        return Ok(None);
    }
    let found = view.shelved(&session.id)?.map(|(_, found)| found);
    Ok(found.filter(|found| found.agent == session.agent))
}

/// The record as it stands here: over, without runs, which are not here.
fn archived(session: Session, now: &Stamp) -> Session {
    let mut session = bundle::own(session);
    let runs = u32::try_from(session.runs.len()).unwrap_or(u32::MAX);
    session.runs.clear();
    session.runs_over = session.runs_over.saturating_add(runs);
    session.revision = 1;
    session.updated = now.clone();
    session.messages = false;
    session.over.get_or_insert_with(|| End { at: now.clone(), reason: Reason::Imported });
    session
}
