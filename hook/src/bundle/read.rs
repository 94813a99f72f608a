//! Reading a bundle that may come from anywhere: nothing of it becomes a path, and it is taken whole or not at all.

use std::collections::BTreeMap;
use std::io::Read;

use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;
use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use tar::{Archive, EntryType};

use super::{
    Bundle, BundleError, FORMAT, MAX_BUNDLE, MAX_FILES, MAX_PART, MAX_TRANSCRIPT, Manifest, Transcript, directory,
};
use crate::store::{AuditLine, messages_of};

/// The longest record, in bytes.
const MAX_RECORD: usize = 1024 * 1024;

impl Bundle {
    /// Reads it.
    ///
    /// # Errors
    /// See [`BundleError`].
    pub fn read(from: impl Read) -> Result<Self, BundleError> {
        let mut parts = parts(from)?;
        let mut take = |name: &'static str| parts.files.remove(name).ok_or(BundleError::Missing(name));
        let manifest: Manifest = json("bundle.json", &take("bundle.json")?)?;
        if manifest.format != FORMAT {
            return Err(BundleError::Format(manifest.format));
        }
        let record = take("session.json")?;
        if record.len() > MAX_RECORD {
            return Err(BundleError::TooLarge { name: "session.json".to_owned(), limit: MAX_RECORD as u64 });
        }
        let session: Session = json("session.json", &record)?;
        let (messages, decisions) = (take("messages.jsonl")?, take("decisions.jsonl")?);
        if session.id != manifest.session || directory(&session.id) != parts.directory {
            return Err(wrong("session.json", "it is the record of another session than the bundle is of"));
        }
        let transcript = [false, true].into_iter().find_map(|compressed| {
            let mut transcript = Transcript { bytes: Vec::new(), compressed };
            transcript.bytes = parts.files.remove(transcript.name())?;
            Some(transcript)
        });
        let conversation = messages_of(&session.id, &messages);
        if conversation.damaged > 0 {
            let why = format!("{} bytes of it are no message of session {}", conversation.damaged, session.id);
            return Err(wrong("messages.jsonl", &why));
        }
        Ok(Self {
            messages: conversation.messages,
            chunks: chunks(parts.files)?,
            decisions: lines_about(&session.id, decisions)?,
            session,
            transcript,
        })
    }
}

/// The files, by their names below the one directory.
struct Parts {
    directory: String,
    files: BTreeMap<String, Vec<u8>>,
}

fn parts(from: impl Read) -> Result<Parts, BundleError> {
    let mut archive = Archive::new(GzDecoder::new(from).take(MAX_BUNDLE));
    let mut parts = Parts { directory: String::new(), files: BTreeMap::new() };
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let foreign = || BundleError::Foreign(path.clone());
        let (directory, name) = path.split_once('/').ok_or_else(foreign)?;
        if entry.header().entry_type() != EntryType::Regular || parts.files.len() == MAX_FILES {
            return Err(foreign());
        }
        if parts.files.is_empty() {
            directory.to_owned().clone_into(&mut parts.directory);
        }
        let limit = limit(name).filter(|_| directory == parts.directory).ok_or_else(foreign)?;
        if entry.size() > limit {
            return Err(BundleError::TooLarge { name: name.to_owned(), limit });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if bytes.len() as u64 != entry.size() {
            return Err(wrong(name, "it is shorter than the archive says"));
        }
        if parts.files.insert(name.to_owned(), bytes).is_some() {
            return Err(BundleError::Twice(name.to_owned()));
        }
    }
    // The checksum stands at the very end.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink())?;
    if rest.limit() == 0 {
        return Err(BundleError::TooLarge { name: "all of it".to_owned(), limit: MAX_BUNDLE });
    }
    Ok(parts)
}

/// How large a file of this name may be; none for a name that no bundle has.
fn limit(name: &str) -> Option<u64> {
    match name {
        "bundle.json" | "session.json" | "messages.jsonl" | "decisions.jsonl" => Some(MAX_PART),
        "transcript.jsonl" | "transcript.jsonl.zst" => Some(MAX_TRANSCRIPT),
        _ => chunk_number(name).map(|_| MAX_PART),
    }
}

fn chunk_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("chunks/chunk-")?.strip_suffix(".md")?;
    digits.parse().ok().filter(|number: &u32| number.to_string() == digits)
}

/// Everything that is left is a chunk.
fn chunks(files: BTreeMap<String, Vec<u8>>) -> Result<Vec<(u32, String)>, BundleError> {
    let mut chunks = Vec::new();
    for (name, bytes) in files {
        let number = chunk_number(&name).ok_or_else(|| BundleError::Foreign(name.clone()))?;
        let text = String::from_utf8(bytes).map_err(|error| wrong(&name, &error.to_string()))?;
        chunks.push((number, text));
    }
    chunks.sort_unstable_by_key(|(number, _)| *number);
    Ok(chunks)
}

/// Lines of decisions that name this session, and hold nothing of another.
fn lines_about(session: &SessionId, bytes: Vec<u8>) -> Result<String, BundleError> {
    let name = "decisions.jsonl";
    let text = String::from_utf8(bytes).map_err(|error| wrong(name, &error.to_string()))?;
    for line in text.lines() {
        let line: AuditLine = json(name, line.as_bytes())?;
        if !line.names(session.as_str()) || line.request.is_some() || line.decision.is_some() {
            return Err(wrong(name, "a decision in it is about another session"));
        }
    }
    Ok(text)
}

fn json<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, BundleError> {
    serde_json::from_slice(bytes).map_err(|error| wrong(name, &error.to_string()))
}

fn wrong(name: &str, why: &str) -> BundleError {
    BundleError::Wrong { name: name.to_owned(), why: why.to_owned() }
}
