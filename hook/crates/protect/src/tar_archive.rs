//! An archive of protected files as they were at one moment: a tar file that ordinary tools can open.
//!
//! `manifest.json` comes first and lists the entries. `files/` holds the contents that existed, and `saved/` the
//! contents that were not restored because something else exists in their place. An archive is accepted only if every
//! content has the digest that the manifest names.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::{Digest, Entry, Mode};
use super::limits::{MAX_ENTRIES, MAX_TOTAL_BYTES};
use baton_engine::config::RelativePath;
use baton_engine::directory_id::DirectoryId;

/// The format of the manifest. baton does not read any other format.
const FORMAT: u32 = 1;

/// The maximum size of the manifest, in bytes.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

const MANIFEST: &str = "manifest.json";

/// The permissions of everything in the tar file, so that whoever unpacks it owns a private copy. The real
/// permissions are in the manifest.
const MEMBER_MODE: u32 = 0o600;

/// The list of what existed at each path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The project's path.
    pub project: String,
    /// The project's directory.
    pub directory: DirectoryId,
    /// When the archive was made.
    pub made: Timestamp,
    /// The protected paths that the archive covers.
    pub paths: Vec<RelativePath>,
    /// What existed at and below these paths.
    pub entries: BTreeMap<RelativePath, Entry>,
    /// What could not be read, with the reason. Neither these paths nor anything below them is ever changed.
    pub left_out: BTreeMap<RelativePath, String>,
    /// The directories above the protected paths. They are created again if they are missing, and left alone
    /// otherwise.
    pub parents: BTreeMap<RelativePath, Mode>,
    /// In a history entry: what was not restored because something else exists in its place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub saved: BTreeMap<RelativePath, Entry>,
}

/// A manifest with the content of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileArchive {
    /// The manifest.
    pub manifest: Manifest,
    /// The content of each file in `entries`.
    pub files: BTreeMap<RelativePath, Vec<u8>>,
    /// The content of each file in `saved`.
    pub saved: BTreeMap<RelativePath, Vec<u8>>,
}

/// Why bytes are not a valid archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// They are not a tar file, or the file is cut short.
    #[error("is not a tar file, or is truncated")]
    Tar(#[from] io::Error),
    /// The first member is not a manifest.
    #[error("does not start with {MANIFEST}")]
    NoManifest,
    /// The manifest is invalid.
    #[error("has an invalid manifest")]
    Manifest(#[from] serde_json::Error),
    /// The manifest has another format.
    #[error("has format {0}; this version of baton reads {FORMAT}")]
    Format(u32),
    /// The manifest names more than an archive may hold.
    #[error("is larger than a backup may be")]
    TooMuch,
    /// A content is missing, or does not have the digest in the manifest.
    #[error("does not contain {0} as its manifest describes it")]
    Damaged(String),
}

impl Manifest {
    /// Creates an empty archive.
    #[must_use]
    pub const fn new(project: String, directory: DirectoryId, made: Timestamp) -> Self {
        Self {
            format: FORMAT,
            project,
            directory,
            made,
            paths: Vec::new(),
            entries: BTreeMap::new(),
            left_out: BTreeMap::new(),
            parents: BTreeMap::new(),
            saved: BTreeMap::new(),
        }
    }
}

impl FileArchive {
    /// Encodes the archive as a tar file.
    ///
    /// # Errors
    /// Returns an error if a name does not fit into a tar header.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArchiveError> {
        let mut tar = tar::Builder::new(Vec::new());
        let seconds = self.manifest.made.unix_ms / 1000;
        append(&mut tar, MANIFEST, &serde_json::to_vec_pretty(&self.manifest)?, seconds)?;
        for (folder, files) in [("files", &self.files), ("saved", &self.saved)] {
            for (path, content) in files {
                append(&mut tar, &member_name(folder, path), content, seconds)?;
            }
        }
        Ok(tar.into_inner()?)
    }

    /// Parses a tar file, and rejects everything that its manifest does not name.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut tar = tar::Archive::new(Cursor::new(bytes));
        let mut entries = tar.entries()?;
        let mut first = entries.next().ok_or(ArchiveError::NoManifest)??;
        if first.path_bytes().as_ref() != MANIFEST.as_bytes() || first.size() > MAX_MANIFEST_BYTES {
            return Err(ArchiveError::NoManifest);
        }
        let mut text = Vec::new();
        first.read_to_end(&mut text)?;
        let manifest: Manifest = serde_json::from_slice(&text)?;
        if manifest.format != FORMAT {
            return Err(ArchiveError::Format(manifest.format));
        }
        if manifest.entries.len() > MAX_ENTRIES || manifest.saved.len() > MAX_ENTRIES {
            return Err(ArchiveError::TooMuch);
        }
        let mut contents: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let mut budget = MAX_TOTAL_BYTES.saturating_mul(2);
        for entry in entries.take(MAX_ENTRIES.saturating_mul(2)) {
            let mut entry = entry?;
            budget = budget.checked_sub(entry.size()).ok_or(ArchiveError::TooMuch)?;
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            contents.insert(entry.path_bytes().into_owned(), content);
        }
        let files = verified_contents("files", &manifest.entries, &mut contents)?;
        let saved = verified_contents("saved", &manifest.saved, &mut contents)?;
        Ok(Self { manifest, files, saved })
    }
}

fn member_name(folder: &str, path: &RelativePath) -> String {
    format!("{folder}/{}", path.path().display())
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8], seconds: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(MEMBER_MODE);
    header.set_mtime(seconds);
    header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
    tar.append_data(&mut header, name, content)
}

/// Returns the contents that the manifest names, after checking the digest of each.
fn verified_contents(
    folder: &str,
    entries: &BTreeMap<RelativePath, Entry>,
    contents: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<BTreeMap<RelativePath, Vec<u8>>, ArchiveError> {
    let mut found = BTreeMap::new();
    for (path, entry) in entries {
        let Entry::File { bytes, sha256, .. } = entry else { continue };
        let name = member_name(folder, path);
        let content = contents.remove(name.as_bytes());
        let whole = |content: &Vec<u8>| {
            u64::try_from(content.len()).is_ok_and(|len| len == *bytes) && Digest::of(content) == *sha256
        };
        let content = content.filter(whole).ok_or(ArchiveError::Damaged(name))?;
        found.insert(path.clone(), content);
    }
    Ok(found)
}
