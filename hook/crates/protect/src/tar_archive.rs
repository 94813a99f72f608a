//! A pack: protected files as they stood at one moment, in one tar file that ordinary tools open.
//!
//! `manifest.json` comes first and says what stood where; `files/` holds what stood there, `saved/` what should have come in its
//! place and did not. A pack is believed only where every content has the digest that the manifest names.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::{Digest, Entry, Mode};
use super::limits::{MAX_ENTRIES, MAX_TOTAL_BYTES};
use baton_engine::config::RelativePath;

/// The form of the manifest. Another one is not read.
const FORMAT: u32 = 1;

/// The longest manifest, in bytes.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

const MANIFEST: &str = "manifest.json";

/// The permissions of everything in the tar file: a pack that is unpacked is its reader's own. The true ones are in the manifest.
const MEMBER_MODE: u32 = 0o600;

/// What stood where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The project's path.
    pub project: String,
    /// The project's directory itself.
    pub directory: DirectoryId,
    /// When this was taken.
    pub made: Timestamp,
    /// The protected paths that this pack answers for.
    pub paths: Vec<RelativePath>,
    /// What stood at them and below them.
    pub entries: BTreeMap<RelativePath, Entry>,
    /// What could not be taken, with the reason: neither it nor anything below it is ever touched.
    pub left_out: BTreeMap<RelativePath, String>,
    /// The directories above the protected paths: made again where they are gone, and else left alone.
    pub parents: BTreeMap<RelativePath, Mode>,
    /// In a history entry: what should have been restored and was not, since something else stands there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub saved: BTreeMap<RelativePath, Entry>,
}

/// Which directory it was. A path whose device and inode are both others is another place: the disk is not mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryId {
    /// Its device.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

impl DirectoryId {
    /// Whether both may be one directory. A device's number changes when it is mounted again, and some file systems number their
    /// inodes anew; both at once is another directory.
    #[must_use]
    pub const fn may_be_same_as(self, other: Self) -> bool {
        self.device == other.device || self.inode == other.inode
    }
}

/// A manifest with the content of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileArchive {
    /// What stood where.
    pub manifest: Manifest,
    /// The content of each file among `nodes`.
    pub files: BTreeMap<RelativePath, Vec<u8>>,
    /// The content of each file among `saved`.
    pub saved: BTreeMap<RelativePath, Vec<u8>>,
}

/// Why bytes are no pack.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no tar file, or is cut short.
    #[error("is no tar file, or is cut short: {0}")]
    Tar(#[from] io::Error),
    /// It does not begin with a manifest.
    #[error("does not begin with {MANIFEST}")]
    NoManifest,
    /// The manifest is not what it should be.
    #[error("has a manifest that is not what it should be: {0}")]
    Manifest(#[from] serde_json::Error),
    /// The manifest has another form.
    #[error("has form {0}, this baton reads {FORMAT}: it is another version's")]
    Format(u32),
    /// The manifest names more than a pack may hold.
    #[error("holds more than a backup may")]
    TooMuch,
    /// A content is missing, or is not the one that the manifest names.
    #[error("does not hold {0} as its manifest names it")]
    Damaged(String),
}

impl Manifest {
    /// An empty one.
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
    /// The tar file.
    ///
    /// # Errors
    /// Where a name does not fit into one.
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

    /// Takes a tar file apart, and believes nothing that its manifest does not name.
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

/// The contents that the manifest names, each with its digest.
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
            u64::try_from(content.len()).is_ok_and(|len| len == *bytes) && Digest::from_content(content) == *sha256
        };
        let content = content.filter(whole).ok_or(ArchiveError::Damaged(name))?;
        found.insert(path.clone(), content);
    }
    Ok(found)
}
