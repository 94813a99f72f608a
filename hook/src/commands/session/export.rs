//! `baton session export`.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;
use clap::Args;

use crate::bundle::{self, Bundle, BundleError, MAX_TRANSCRIPT, Transcript};
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::which;
use crate::machine::file::open_own;
use crate::store::AuditLine;
use crate::words;

/// Writes one session into one file, which `baton session import` takes on another machine.
#[derive(Args)]
pub struct Export {
    /// The session: its id, the beginning of it, its name, or "last"
    session: String,
    /// The agent's transcript too, with what its tools gave
    #[arg(long)]
    with_transcript: bool,
    /// The file [default: baton-session-ID.tar.gz]
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Export {
    /// Writes it. An existing file is not written over.
    ///
    /// # Errors
    /// Not found, ambiguous, or unreadable; or the file cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = which::session(&context, &self.session, false)?;
        let (session, _) = context.session(&id)?;
        let store = context.store();
        let mut chunks = Vec::new();
        for chunk in store.chunks(&id)? {
            chunks.push((chunk.number, store.chunk_text(&id, &chunk)?));
        }
        let transcript = match session.transcript.as_deref().filter(|_| self.with_transcript) {
            Some(path) => Some(transcript(Path::new(path))?),
            None if self.with_transcript => {
                return Err(CommandError::NotFound(format!(
                    "session {id} names no transcript; leave --with-transcript out"
                )));
            }
            None => None,
        };
        let bundle = Bundle {
            messages: store.conversation(&id)?.messages,
            chunks,
            decisions: decisions(&context, &id)?,
            session: bundle::own(session),
            transcript,
        };
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{}.tar.gz", bundle::directory(&id))));
        write(&bundle, &out)?;
        print::lines(&format!(
            "wrote {}: the record, {}, {}, {}{}\n",
            words::clean(&out.display().to_string()),
            words::count(bundle.messages.len(), "message", "messages"),
            words::count(bundle.chunks.len(), "chunk", "chunks"),
            words::count(bundle.decisions.lines().count(), "decision", "decisions"),
            if bundle.transcript.is_some() { ", the transcript" } else { "" },
        ))
    }
}

/// Every decision about the session, oldest first: those that came with it from another machine before those of this one.
fn decisions(context: &Context, session: &SessionId) -> Result<String, CommandError> {
    let mut text = context.store().brought_decisions(session)?;
    let about = |line: &AuditLine| line.names(session.as_str());
    let mut lines = Vec::new();
    for line in context.audit()?.filter(about) {
        let line = serde_json::to_string(&bundle::reduced(line, session));
        lines.push(line.map_err(|error| CommandError::Output(error.into()))? + "\n");
    }
    lines.reverse();
    text.extend(lines);
    Ok(text)
}

/// The agent's transcript, or what the agent compressed it to.
fn transcript(path: &Path) -> Result<Transcript, CommandError> {
    let file = |path: PathBuf| move |source| CommandError::File { path, source };
    let beside = PathBuf::from(format!("{}.zst", path.display()));
    let (path, (opened, _)) = match open_own(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && beside.exists() => {
            let opened = open_own(&beside).map_err(file(beside.clone()))?;
            (beside, opened)
        }
        opened => (path.to_owned(), opened.map_err(file(path.to_owned()))?),
    };
    let mut bytes = Vec::new();
    // One byte more than a bundle takes, so that a longer one is refused and never cut.
    opened.take(MAX_TRANSCRIPT + 1).read_to_end(&mut bytes).map_err(file(path.clone()))?;
    Ok(Transcript { bytes, compressed: path.extension().is_some_and(|ext| ext == "zst") })
}

/// Writes the file whole or not at all, for this account alone.
fn write(bundle: &Bundle, out: &Path) -> Result<(), CommandError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => CommandError::IsThere(out.to_owned()),
        _ => CommandError::NotWritten { path: out.to_owned(), source },
    };
    let dir = out.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temp = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    let wrong = |source: BundleError| CommandError::Bundle { path: out.to_owned(), source };
    bundle.write(&mut temp).map_err(wrong)?;
    temp.flush().and_then(|()| temp.as_file().sync_all()).map_err(failed)?;
    temp.persist_noclobber(out).map(drop).map_err(|error| failed(error.error))
}
