//! Reads an export, which may come from anywhere. No text in it ever becomes a path, and it is accepted completely or
//! not at all.

use std::collections::BTreeMap;
use std::io::Read;

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::session::Session;
use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use tar::{Archive, EntryType};

use super::{
    ExportError, FORMAT, MAX_EXPORT_BYTES, MAX_FILES, MAX_LOOP_BYTES, MAX_PART_BYTES, MAX_TRANSCRIPT_BYTES, Manifest,
    SessionExport, Transcript, directory_name,
};
use crate::loops::definition::LoopDefinition;
use baton_store::{AuditLine, parse_messages};

/// The maximum size of the record, in bytes.
const MAX_RECORD_BYTES: usize = 1024 * 1024;

impl SessionExport {
    /// Reads an export.
    ///
    /// # Errors
    /// See [`ExportError`].
    pub fn read(from: impl Read) -> Result<Self, ExportError> {
        let mut parts = read_parts(from)?;
        let mut take = |name: &'static str| parts.files.remove(name).ok_or(ExportError::Missing(name));
        let manifest: Manifest = parse_json("export.json", &take("export.json")?)?;
        if manifest.format != FORMAT {
            return Err(ExportError::Format(manifest.format));
        }
        let record = take("session.json")?;
        if record.len() > MAX_RECORD_BYTES {
            return Err(ExportError::TooLarge { name: "session.json".to_owned(), limit: MAX_RECORD_BYTES as u64 });
        }
        let session: Session = parse_json("session.json", &record)?;
        let (messages, decisions) = (take("messages.jsonl")?, take("decisions.jsonl")?);
        if session.id != manifest.session || directory_name(&session.id) != parts.directory {
            return Err(invalid("session.json", "it is the record of another session"));
        }
        let transcript = [false, true].into_iter().find_map(|compressed| {
            let mut transcript = Transcript { bytes: Vec::new(), compressed };
            transcript.bytes = parts.files.remove(transcript.name())?;
            Some(transcript)
        });
        let conversation = parse_messages(&session.id, &messages);
        if conversation.damaged > 0 {
            let why = format!("{} bytes of it are not a message of session {}", conversation.damaged, session.id);
            return Err(invalid("messages.jsonl", &why));
        }
        Ok(Self {
            loops: take_loops(&mut parts.files)?,
            messages: conversation.messages,
            chunks: take_chunks(parts.files)?,
            decisions: check_decisions(&session.id, decisions)?,
            session,
            transcript,
        })
    }
}

/// The files, by their names below the directory.
struct Parts {
    directory: String,
    files: BTreeMap<String, Vec<u8>>,
}

fn read_parts(from: impl Read) -> Result<Parts, ExportError> {
    let mut archive = Archive::new(GzDecoder::new(from).take(MAX_EXPORT_BYTES));
    let mut parts = Parts { directory: String::new(), files: BTreeMap::new() };
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let foreign = || ExportError::UnexpectedEntry(path.clone());
        let (directory, name) = path.split_once('/').ok_or_else(foreign)?;
        if entry.header().entry_type() != EntryType::Regular || parts.files.len() == MAX_FILES {
            return Err(foreign());
        }
        if parts.files.is_empty() {
            directory.to_owned().clone_into(&mut parts.directory);
        }
        let limit = size_limit(name).filter(|_| directory == parts.directory).ok_or_else(foreign)?;
        if entry.size() > limit {
            return Err(ExportError::TooLarge { name: name.to_owned(), limit });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if bytes.len() as u64 != entry.size() {
            return Err(invalid(name, "it is shorter than the archive says"));
        }
        if parts.files.insert(name.to_owned(), bytes).is_some() {
            return Err(ExportError::DuplicateEntry(name.to_owned()));
        }
    }
    // Read to the very end, which holds the checksum.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink())?;
    if rest.limit() == 0 {
        return Err(ExportError::TooLarge { name: "all of it".to_owned(), limit: MAX_EXPORT_BYTES });
    }
    Ok(parts)
}

/// Returns the maximum size of a file of this name, or `None` if no export contains this name.
fn size_limit(name: &str) -> Option<u64> {
    match name {
        "export.json" | "session.json" | "messages.jsonl" | "decisions.jsonl" => Some(MAX_PART_BYTES),
        "transcript.jsonl" | "transcript.jsonl.zst" => Some(MAX_TRANSCRIPT_BYTES),
        _ if loop_run(name).is_some() => Some(MAX_LOOP_BYTES),
        _ => chunk_number(name).map(|_| MAX_PART_BYTES),
    }
}

/// Returns the run of which a file of this name is the loop's definition.
fn loop_run(name: &str) -> Option<RunId> {
    name.strip_prefix("loops/")?.strip_suffix(".json")?.parse().ok()
}

/// Takes the definitions of loops.
fn take_loops(files: &mut BTreeMap<String, Vec<u8>>) -> Result<Vec<(RunId, LoopDefinition)>, ExportError> {
    let found = files.extract_if(.., |name, _| loop_run(name).is_some());
    let parse = |(name, bytes): (String, Vec<u8>)| {
        let run = loop_run(&name).ok_or_else(|| ExportError::UnexpectedEntry(name.clone()))?;
        Ok((run, parse_json(&name, &bytes)?))
    };
    found.map(parse).collect()
}

fn chunk_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("chunks/chunk-")?.strip_suffix(".md")?;
    digits.parse().ok().filter(|number: &u32| number.to_string() == digits)
}

/// Takes all remaining files as chunks.
fn take_chunks(files: BTreeMap<String, Vec<u8>>) -> Result<Vec<(u32, String)>, ExportError> {
    let mut chunks = Vec::new();
    for (name, bytes) in files {
        let number = chunk_number(&name).ok_or_else(|| ExportError::UnexpectedEntry(name.clone()))?;
        let text = String::from_utf8(bytes).map_err(|error| invalid(&name, &error.to_string()))?;
        chunks.push((number, text));
    }
    chunks.sort_unstable_by_key(|(number, _)| *number);
    Ok(chunks)
}

/// Checks that every line is a decision about this session and mentions no other session.
fn check_decisions(session: &SessionId, bytes: Vec<u8>) -> Result<String, ExportError> {
    let name = "decisions.jsonl";
    let text = String::from_utf8(bytes).map_err(|error| invalid(name, &error.to_string()))?;
    for line in text.lines() {
        let line: AuditLine = parse_json(name, line.as_bytes())?;
        if !line.names(session.as_str()) || line.request.is_some() || line.decision.is_some() {
            return Err(invalid(name, "a decision in it is about another session"));
        }
    }
    Ok(text)
}

fn parse_json<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, ExportError> {
    serde_json::from_slice(bytes).map_err(|error| invalid(name, &error.to_string()))
}

fn invalid(name: &str, why: &str) -> ExportError {
    ExportError::InvalidPart { name: name.to_owned(), why: why.to_owned() }
}
