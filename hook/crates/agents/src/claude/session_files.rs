//! The files that Claude Code writes about its sessions: `sessions/<pid>.json` while a process displays a session,
//! and one transcript per session below `projects/`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::displayed_session::{MAX_SESSION_FILE, SessionFile};
use crate::lenient_json::{Lenient, LenientString, lenient_flag};
use crate::session_files::{
    HeadLines, HeadReading, RunningSession, RunningSessions, SessionFiles, Transcript, TranscriptHead, list_entries,
    parse_uuid, transcript_file,
};
use crate::transcript_place::{MovedConversation, PlaceError};
use baton_fs::read::{open_own, read_own};
use baton_system::lock_table::LockTable;

pub(crate) const SESSION_FILES: SessionFiles = SessionFiles { running_sessions, transcripts, head };

/// The prefix of the entry point of sessions that have no terminal: `-p` and the SDKs.
const HEADLESS: &str = "sdk-";

/// The longest name of a directory's folder. A longer one is cut off there, and a hyphen and a hash follow.
const MAX_FOLDER_NAME: usize = 200;

/// How many folders are looked at for one with a long name.
const MAX_FOLDERS: usize = 100_000;

/// Lists the sessions that processes display. A file stays behind after a SIGKILL, so the start time in it must match
/// the start time of the process.
fn running_sessions(home: &Path, _: &dyn Fn() -> Option<LockTable>, pidns: u64, most: usize) -> RunningSessions {
    let (files, mut partial) = list_entries(&home.join("sessions"), most);
    let mut sessions = Vec::new();
    for entry in files {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse::<u32>().ok()) else {
            continue;
        };
        let bytes = read_own(&entry.path(), MAX_SESSION_FILE).ok();
        match bytes.and_then(|bytes| serde_json::from_slice::<SessionFile>(&bytes).ok()) {
            Some(file) => sessions.extend(file.running_session(pid, pidns)),
            None => partial = true,
        }
    }
    RunningSessions { sessions, partial }
}

impl SessionFile {
    fn running_session(&self, pid: u32, pidns: u64) -> Option<RunningSession> {
        // Its words for this: linux:<machine>:pid:[<namespace>]. A home may be shared with a container.
        let elsewhere = self.pid_domain.as_ref().is_some_and(|domain| !domain.0.ends_with(&format!("pid:[{pidns}]")));
        Some(RunningSession {
            session: self.session_id.parse().ok()?,
            pid: (!elsewhere).then_some(pid),
            start: Some(self.start()?),
            cwd: self.cwd.clone(),
            lock: None,
            headless: self.entrypoint.as_ref().is_some_and(|entrypoint| entrypoint.0.starts_with(HEADLESS)),
        })
    }
}

/// Lists the transcripts. Each project has a directory, which has one file per session. Files of subagents have other
/// names.
fn transcripts(home: &Path, most: usize) -> Vec<Transcript> {
    let (projects, _) = list_entries(&home.join("projects"), most);
    let mut found = Vec::new();
    let mut left = most;
    for project in projects {
        let (files, _) = list_entries(&project.path(), left);
        left = left.saturating_sub(files.len() + 1);
        found.extend(files.iter().filter_map(|entry| {
            let name = entry.file_name();
            transcript_file(entry, parse_uuid(name.to_str()?.strip_suffix(".jsonl")?)?)
        }));
    }
    found
}

/// Returns whether a folder of transcripts has the name that Claude gives it for a directory: each UTF-16 unit that is
/// no ASCII letter or digit becomes a hyphen.
pub(crate) fn is_folder_name(folder: &str, directory: &str) -> bool {
    let name = folder_name(directory);
    let cut = name.get(..MAX_FOLDER_NAME).filter(|_| name.len() > MAX_FOLDER_NAME);
    cut.map_or_else(|| folder == name, |cut| folder.strip_prefix(cut).is_some_and(|hash| hash.starts_with('-')))
}

/// Returns the name before it is cut off.
fn folder_name(directory: &str) -> String {
    let units = directory.encode_utf16().map(|unit| u8::try_from(unit).unwrap_or(b'-'));
    units.map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte) } else { '-' }).collect()
}

/// Returns `projects/<folder of the directory>/<session>.jsonl`. How Claude makes the hash of a long path is not known, so such
/// a folder must be there.
pub(crate) fn find_place(home: &Path, moved: MovedConversation<'_>) -> Result<PathBuf, PlaceError> {
    let directory = moved.directory.to_string_lossy();
    let mut folder = folder_name(&directory);
    if folder.len() > MAX_FOLDER_NAME {
        let (folders, _) = list_entries(&home.join("projects"), MAX_FOLDERS);
        let names = folders.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
        let found = { names }.find(|name| is_folder_name(name, &directory));
        folder = found.ok_or_else(|| PlaceError::LongPath { directory: moved.directory.to_owned() })?;
    }
    Ok(Path::new("projects").join(folder).join(format!("{}.jsonl", moved.session)))
}

/// The fields of a transcript line that baton reads.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Line {
    cwd: Lenient<String>,
    entrypoint: Lenient<LenientString>,
    #[serde(deserialize_with = "lenient_flag")]
    is_sidechain: bool,
}

/// The first lines are about the client; the first of the conversation says where it takes place.
fn head(path: &Path) -> HeadReading {
    open_own(path).and_then(|(file, _)| read_head(file)).map_or(HeadReading::Unreadable, |head| {
        // Without a single line that can be read, the file is damaged or somebody else's.
        head.map_or(HeadReading::Unreadable, HeadReading::Conversation)
    })
}

fn read_head(file: impl Read) -> io::Result<Option<TranscriptHead>> {
    let mut lines = HeadLines::new(file);
    let mut head: Option<TranscriptHead> = None;
    while let Some(line) = lines.next_line()? {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { continue };
        let head = head.get_or_insert_default();
        head.cwd = line.cwd.0;
        head.headless |= line.entrypoint.0.is_some_and(|entrypoint| entrypoint.0.starts_with(HEADLESS));
        head.of_subagent |= line.is_sidechain;
        if head.cwd.is_some() {
            break;
        }
    }
    Ok(head)
}
