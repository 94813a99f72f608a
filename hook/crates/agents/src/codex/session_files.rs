//! The files that Codex writes about its threads: a lock file while a process has the thread loaded, and one rollout
//! per thread, compressed after a week.

use std::io::{self, BufReader, Read};
use std::path::Path;

use agent_baton_core::id::SessionId;
use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient_json::{Lenient, LenientString};
use crate::session_files::{
    HeadLines, HeadReading, RunningSession, RunningSessions, SessionFiles, Transcript, TranscriptHead, list_entries,
    parse_uuid, transcript_file,
};
use baton_fs::read::open_own;
use baton_system::lock_table::{FileId, LockTable};

pub(crate) const SESSION_FILES: SessionFiles = SessionFiles { running_sessions, transcripts, head };

/// The levels of directories above a rollout: year, month and day.
const DATE_LEVELS: usize = 3;

/// The largest window of a compressed rollout that baton unpacks, in bytes. zstd recommends that every decoder
/// supports this size.
const MAX_ZSTD_WINDOW_BYTES: u64 = 8 * 1024 * 1024;

/// Lists the threads that processes have loaded. A lock file stays behind after a SIGKILL, so it counts only while a
/// process holds the lock.
fn running_sessions(home: &Path, locks: &dyn Fn() -> Option<LockTable>, _: u64, most: usize) -> RunningSessions {
    let (files, mut partial) = list_entries(&home.join("thread-writer-locks"), most);
    let locks = if files.is_empty() { None } else { locks() };
    let mut sessions = Vec::new();
    for entry in files {
        let name = entry.file_name();
        let Some(session) = name.to_str().and_then(|name| name.strip_suffix(".lock")?.parse::<SessionId>().ok()) else {
            continue;
        };
        let path = entry.path();
        let (Some(locks), Ok(file)) = (&locks, FileId::from_path(&path)) else {
            partial = true;
            continue;
        };
        sessions.extend(locks.holders(file).iter().map(|pid| RunningSession {
            session: session.clone(),
            pid: (*pid > 0).then_some(*pid),
            start: None,
            cwd: None,
            lock: Some(path.clone()),
            headless: false,
        }));
    }
    RunningSessions { sessions, partial }
}

/// Lists the rollouts: `sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl` or `.jsonl.zst`, and files of the
/// same names in `archived_sessions/`. Both forms exist while Codex compresses or unpacks a rollout. They count as
/// one thread.
fn transcripts(home: &Path, most: usize) -> Vec<Transcript> {
    let mut found = Vec::new();
    let mut left = most;
    let mut dirs = vec![(home.join("archived_sessions"), DATE_LEVELS), (home.join("sessions"), 0)];
    while let Some((dir, depth)) = dirs.pop() {
        let (mut files, _) = list_entries(&dir, left);
        left = left.saturating_sub(files.len() + 1);
        // Visit the newest day first, so that the limit leaves out the oldest.
        files.sort_by_key(std::fs::DirEntry::file_name);
        for entry in &files {
            if depth < DATE_LEVELS && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push((entry.path(), depth + 1));
            } else if let Some(thread) = parse_thread_id(&entry.file_name().to_string_lossy()) {
                found.extend(transcript_file(entry, thread));
            }
        }
    }
    found.sort_by(|a: &Transcript, b| (&a.session, &a.path).cmp(&(&b.session, &b.path)));
    found.dedup_by(|later, first| later.session == first.session);
    found
}

/// Returns the thread that a rollout belongs to. The id is the last 36 characters of its name.
fn parse_thread_id(name: &str) -> Option<SessionId> {
    let stem = name.strip_suffix(".zst").unwrap_or(name).strip_suffix(".jsonl")?.strip_prefix("rollout-")?;
    parse_uuid(stem.get(stem.len().checked_sub(36)?..)?)
}

/// The first line of a rollout.
#[derive(Default, Deserialize)]
#[serde(default)]
struct FirstLine<'a> {
    #[serde(rename = "type")]
    kind: Lenient<LenientString>,
    #[serde(borrow)]
    payload: Lenient<SessionMeta<'a>>,
}

/// What it says of the thread, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SessionMeta<'a> {
    cwd: Lenient<String>,
    /// `cli`, `exec`, ...; an object for a thread that another one started.
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    thread_source: Lenient<LenientString>,
}

fn head(path: &Path) -> HeadReading {
    let reading = open_own(path).and_then(|(file, _)| {
        if path.extension().is_some_and(|ending| ending == "zst") {
            let file = BufReader::new(file);
            let decoder = StreamingDecoder::new_with_max_window_size(file, MAX_ZSTD_WINDOW_BYTES);
            read_head(decoder.map_err(io::Error::other)?)
        } else {
            read_head(file)
        }
    });
    reading.unwrap_or(HeadReading::Unreadable)
}

fn read_head(from: impl Read) -> io::Result<HeadReading> {
    let mut lines = HeadLines::new(from);
    let Some(line) = lines.next_line()? else { return Ok(HeadReading::Unreadable) };
    let first: FirstLine<'_> = serde_json::from_slice(line)?;
    if first.kind.0.is_none_or(|kind| kind.0 != "session_meta") {
        return Ok(HeadReading::Other);
    }
    let meta = first.payload.0.unwrap_or_default();
    let source = meta.source.map_or("null", RawValue::get);
    let by_user = meta.thread_source.0.is_none_or(|source| source.0 == "user");
    let named = source == "null" || source.starts_with('"');
    Ok(HeadReading::Conversation(TranscriptHead {
        cwd: meta.cwd.0,
        headless: source == r#""exec""#,
        of_subagent: !by_user || !named,
    }))
}
