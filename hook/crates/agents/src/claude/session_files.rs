//! The files that Claude Code writes about its sessions: `sessions/<pid>.json` while a process displays a session,
//! and one transcript per session below `projects/`.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::{MAX_SESSION_FILE, SessionFile};
use crate::session_files::{
    MAX_HEAD_BYTES, RunningSession, RunningSessions, SessionFiles, Transcript, TranscriptHead, list_entries,
    parse_uuid, transcript_file,
};
use baton_fs::read::{open_own, read_own};
use baton_system::lock_table::LockTable;

pub(crate) const SESSION_FILES: SessionFiles = SessionFiles { running_sessions, transcripts, head };

/// The prefix of the entry point of sessions that have no terminal: `-p` and the SDKs.
const HEADLESS: &str = "sdk-";

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
        // The form is `linux:<machine>:pid:[<namespace>]`. A container may share this home.
        let elsewhere = self.pid_domain.as_ref().is_some_and(|domain| !domain.ends_with(&format!("pid:[{pidns}]")));
        Some(RunningSession {
            session: self.session_id.parse().ok()?,
            pid: (!elsewhere).then_some(pid),
            start: Some(self.start()?),
            cwd: self.cwd.clone(),
            lock: None,
            headless: self.entrypoint.as_ref().is_some_and(|entrypoint| entrypoint.starts_with(HEADLESS)),
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

/// The fields of a transcript line that baton reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    cwd: Option<String>,
    entrypoint: Option<String>,
    #[serde(default)]
    is_sidechain: bool,
}

/// Reads the head of a transcript. The first lines are about the client. The first line of the conversation names the
/// directory.
fn head(path: &Path) -> Option<TranscriptHead> {
    let mut bytes = Vec::new();
    open_own(path).ok()?.0.take(MAX_HEAD_BYTES as u64).read_to_end(&mut bytes).ok()?;
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    let mut any = None;
    for line in lines {
        any = Some(TranscriptHead::default());
        if line.cwd.is_some() {
            let headless = line.entrypoint.is_some_and(|entrypoint| entrypoint.starts_with(HEADLESS));
            return Some(TranscriptHead { cwd: line.cwd, headless, of_subagent: line.is_sidechain });
        }
    }
    any
}
