//! `baton session export`.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_display::{Progress, format_count, strip_control_chars};
use baton_engine::export::{self, MAX_TRANSCRIPT_BYTES, SessionExport, Transcript};
use baton_fs::read::open_own;
use baton_store::AuditLine;

/// Export a session to a file that `baton session import` reads on another machine.
#[derive(Args)]
pub struct Export {
    /// Session id or a unique part of it, its name, or "last"
    session: String,
    /// Include the agent's transcript, with the output of its tools
    #[arg(long)]
    with_transcript: bool,
    /// Output file [default: baton-session-ID.tar.gz]
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Export {
    /// Writes the export. Does not overwrite an existing file.
    ///
    /// # Errors
    /// Returns an error if no session matches, if several match, if its record cannot be read, or if the file cannot
    /// be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = args::session::resolve(&context, &self.session, false)?;
        let (session, _) = context.session(&id)?;
        let store = context.store();
        let progress = Progress::begin("writing the session", None);
        let mut chunks = Vec::new();
        for chunk in store.chunks(&id)? {
            chunks.push((chunk.number, store.chunk_text(&id, &chunk)?));
        }
        let transcript = match session.transcript.as_deref().filter(|_| self.with_transcript) {
            Some(path) => Some(transcript(Path::new(path))?),
            None if self.with_transcript => {
                return Err(CommandError::not_found(format!("session {id} names no transcript"))
                    .hint("leave --with-transcript out"));
            }
            None => None,
        };
        let export = SessionExport {
            messages: store.conversation(&id)?.messages,
            chunks,
            decisions: decisions(&context, &id)?,
            session: export::without_delivery_state(session),
            transcript,
        };
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{}.tar.gz", export::directory_name(&id))));
        write(&export, &out)?;
        drop(progress);
        output::print(&format!(
            "wrote {}: the record, {}, {}, {}{}\n",
            strip_control_chars(&out.display().to_string()),
            format_count(export.messages.len(), "message", "messages"),
            format_count(export.chunks.len(), "chunk", "chunks"),
            format_count(export.decisions.lines().count(), "decision", "decisions"),
            if export.transcript.is_some() { ", the transcript" } else { "" },
        ))
    }
}

/// Returns every decision about the session, oldest first. Decisions imported from another machine come before those
/// of this one.
fn decisions(context: &Context, session: &SessionId) -> Result<String, CommandError> {
    let mut text = context.store().imported_decisions(session)?;
    let about = |line: &AuditLine| line.names(session.as_str());
    let mut lines = Vec::new();
    for line in context.audit()?.filter(about) {
        let line = serde_json::to_string(&export::without_other_sessions(line, session));
        lines.push(line.map_err(|error| CommandError::output(error.into()))? + "\n");
    }
    lines.reverse();
    text.extend(lines);
    Ok(text)
}

/// Returns the agent's transcript, or its compressed form.
fn transcript(path: &Path) -> Result<Transcript, CommandError> {
    let file = |path: PathBuf| move |source| CommandError::cannot("read", path.display(), source);
    let beside = PathBuf::from(format!("{}.zst", path.display()));
    let (path, (opened, _)) = match open_own(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && beside.exists() => {
            let opened = open_own(&beside).map_err(file(beside.clone()))?;
            (beside, opened)
        }
        opened => (path.to_owned(), opened.map_err(file(path.to_owned()))?),
    };
    let mut bytes = Vec::new();
    // Read one byte more than an export accepts, so that a longer transcript is refused and not cut.
    opened.take(MAX_TRANSCRIPT_BYTES + 1).read_to_end(&mut bytes).map_err(file(path.clone()))?;
    Ok(Transcript { bytes, compressed: path.extension().is_some_and(|ext| ext == "zst") })
}

/// Writes the file completely or not at all, readable only for this account.
fn write(export: &SessionExport, out: &Path) -> Result<(), CommandError> {
    let path = &out.display();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => CommandError::failed(format!("{path} already exists and was not changed"))
            .hint("choose another file with --out"),
        _ => CommandError::cannot("write", path, source),
    };
    let dir = out.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temp = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    export.write(&mut temp).map_err(|source| CommandError::cannot("write", path, source))?;
    temp.flush().and_then(|()| temp.as_file().sync_all()).map_err(failed)?;
    temp.persist_noclobber(out).map(drop).map_err(|error| failed(error.error))
}
