//! What Claude Code leaves of its sessions: `sessions/<pid>.json` while one is shown, and a transcript each below `projects/`.

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

/// How Claude calls itself where nobody sits before it: `-p`, and the SDKs.
const HEADLESS: &str = "sdk-";

/// A file stays behind after a SIGKILL: whether its process is the one that wrote it, its start tells.
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

/// A directory for each project, and in it a file for each session. Those of subagents have other names.
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

/// A line of a transcript, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    cwd: Option<String>,
    entrypoint: Option<String>,
    #[serde(default)]
    is_sidechain: bool,
}

/// The first lines are about the client; the first of the conversation says where it takes place.
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
