//! `baton session export`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_display::{Progress, format_count, strip_control_chars};
use baton_engine::export::{self, SessionExport};

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
        let progress = Progress::begin("writing the session", None);
        let export = SessionExport::collect(context.store(), session, self.with_transcript)?;
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
