//! Writes an export.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use serde::Serialize;
use tar::{Builder, Header};

use super::{ExportError, FORMAT, MAX_TRANSCRIPT_BYTES, Manifest, SessionExport, directory_name};

impl SessionExport {
    /// Writes the export. The same export gives the same bytes.
    ///
    /// # Errors
    /// Returns an error if writing fails, or if the transcript is larger than any reader accepts.
    pub fn write(&self, to: impl Write) -> Result<(), ExportError> {
        let packed = GzBuilder::new().mtime(0).write(to, Compression::default());
        let mut archive = Archive {
            builder: Builder::new(packed),
            directory: directory_name(&self.session.id),
            seconds: self.session.updated.unix_ms / 1000,
        };
        let by = concat!("baton ", env!("CARGO_PKG_VERSION")).to_owned();
        let manifest = Manifest { format: FORMAT, session: self.session.id.clone(), by };
        archive.add("export.json", &to_json(&manifest)?)?;
        archive.add("session.json", &to_json(&self.session)?)?;
        let mut messages = String::new();
        for message in &self.messages {
            messages.push_str(message.to_line().map_err(io::Error::from)?.trim_start());
        }
        archive.add("messages.jsonl", messages.as_bytes())?;
        for (number, text) in &self.chunks {
            archive.add(&format!("chunks/chunk-{number}.md"), text.as_bytes())?;
        }
        archive.add("decisions.jsonl", self.decisions.as_bytes())?;
        if let Some(transcript) = &self.transcript {
            if transcript.bytes.len() as u64 > MAX_TRANSCRIPT_BYTES {
                return Err(ExportError::TooLarge { name: transcript.name().to_owned(), limit: MAX_TRANSCRIPT_BYTES });
            }
            archive.add(transcript.name(), &transcript.bytes)?;
        }
        for (run, definition) in &self.loops {
            archive.add(&format!("loops/{run}.json"), &definition.to_bytes())?;
        }
        archive.builder.into_inner()?.finish()?.flush()?;
        Ok(())
    }
}

struct Archive<W: Write> {
    builder: Builder<W>,
    directory: String,
    seconds: u64,
}

impl<W: Write> Archive<W> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.seconds);
        self.builder.append_data(&mut header, format!("{}/{name}", self.directory), bytes)?;
        Ok(())
    }
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, ExportError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(io::Error::from)?;
    bytes.push(b'\n');
    Ok(bytes)
}
