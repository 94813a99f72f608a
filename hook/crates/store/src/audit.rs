//! The audit: one numbered line of JSON for each decision of the slow path, in `audit/`.
//!
//! The line of a commit is written and synced as part of the commit. The line of a decision that changes nothing is not
//! synced. The file is rotated at [`MAX_FILE`] bytes, and the newest [`OLD_FILES`] old files are kept.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::{Decision, Location};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::{Command, Input, Request};
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::audit_action::AuditAction;
use crate::error::StoreError;
use crate::file;
use crate::index::lookup::RecordId;
use crate::reverse_lines::ReverseLines;
use crate::state_dir::layout::Layout;

/// The size at which the audit file is rotated, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The size from which a file is not one that baton wrote, in bytes: a file that has reached its size gets one more line.
const MAX_READABLE: u64 = 4 * MAX_FILE;

/// How many old files are kept.
pub(crate) const OLD_FILES: usize = 4;

/// The maximum length of a line that contains the request and the decision, in bytes. A longer line only says that it
/// leaves them out.
pub(crate) const MAX_LINE: usize = 256 * 1024;

/// One decision of the slow path.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditLine {
    /// Its number, which is one more than the previous line's.
    pub n: u64,
    /// The time of the decision.
    pub at: Timestamp,
    /// The reason: a reason code of the decision tables, or an audit action.
    pub reason: String,
    /// The other reasons that applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What the decision was about.
    pub asked: AuditSubject,
    /// The changed records.
    pub changes: Vec<AuditChange>,
    /// The request, which allows a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Request>")]
    pub request: Option<Box<RawValue>>,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Decision>")]
    pub decision: Option<Box<RawValue>>,
    /// Whether request and decision were left out because the line would have been too long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
}

/// What led to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditSubject {
    /// The name of the event, the command or the audit action.
    pub what: String,
    /// The agent of an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The session that the event or the command names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The run that the command names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// The change of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditChange {
    /// `session` or `run`.
    pub kind: String,
    /// The record's id.
    pub id: String,
    /// Its new location.
    pub to: Location,
    /// Its previous revision, or `None` if it was created.
    pub before: Option<u64>,
    /// Its new revision.
    pub after: u64,
    /// Whether it was removed permanently from the trash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

impl AuditChange {
    /// Returns the id of the record, or `None` if no version of baton wrote the line.
    pub(crate) fn record_id(&self) -> Option<RecordId> {
        match self.kind.as_str() {
            "session" => self.id.parse().ok().map(RecordId::Session),
            "run" => self.id.parse().ok().map(RecordId::Run),
            _ => None,
        }
    }
}

impl AuditSubject {
    /// Returns the subject of an action that the core did not decide.
    #[must_use]
    pub fn from_action(action: AuditAction) -> Self {
        Self { what: action.word().to_owned(), agent: None, session: None, run: None }
    }

    /// Returns the subject of a request.
    #[must_use]
    pub fn from_request(request: &Request) -> Self {
        match &request.input {
            Input::Event(event) => Self {
                // The name as the protocol writes it, without JSON's quotes.
                what: serde_json::to_string(&event.name).unwrap_or_default().replace('"', ""),
                agent: Some(event.agent),
                session: event.session.clone(),
                run: None,
            },
            Input::Command(command) => Self {
                what: command_name(command).to_owned(),
                agent: None,
                session: command.session().cloned(),
                run: Some(command.run().clone()),
            },
        }
    }
}

const fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Start { .. } => "run start",
        Command::Update { .. } => "run update",
        Command::Verify { .. } => "run verify",
        Command::Finish { .. } => "run finish",
        Command::Cancel { .. } => "run cancel",
        Command::Adopt { .. } => "run adopt",
        Command::With { .. } => "run with",
        Command::Attach { .. } => "run with, its command",
        Command::Pause { .. } => "run pause",
        Command::Continue { .. } => "run continue",
        Command::Refresh { .. } => "refresh",
        Command::Release { .. } => "release",
    }
}

impl AuditLine {
    /// Returns the line of a decision of the core, including the data for a replay. The changes are added when they are
    /// planned.
    pub(crate) fn from_decision(n: u64, request: &Request, decision: &Decision) -> Self {
        Self {
            also: decision.also.iter().map(|reason| reason.word().to_owned()).collect(),
            request: to_raw_value(request).ok(),
            decision: to_raw_value(decision).ok(),
            ..Self::new(n, &request.now, decision.reason.word(), AuditSubject::from_request(request))
        }
    }

    /// Returns the line of an action that the core did not decide.
    pub(crate) fn from_action(n: u64, at: &Timestamp, action: AuditAction) -> Self {
        Self::new(n, at, action.word(), AuditSubject::from_action(action))
    }

    pub(crate) fn new(n: u64, at: &Timestamp, reason: &str, asked: AuditSubject) -> Self {
        Self {
            n,
            at: at.clone(),
            reason: reason.to_owned(),
            also: Vec::new(),
            asked,
            changes: Vec::new(),
            request: None,
            decision: None,
            left_out: false,
        }
    }

    /// Returns whether the decision was about the record with this id or changed it.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        self.changes.iter().any(|change| change.id == id)
            || self.asked.session.as_ref().is_some_and(|it| it.as_str() == id)
            || self.asked.run.as_ref().is_some_and(|it| it.as_str() == id)
    }

    /// Returns the line as JSON, without a line break.
    pub(crate) fn into_json(mut self) -> Result<Box<RawValue>, serde_json::Error> {
        let line = to_raw_value(&self)?;
        if line.get().len() <= MAX_LINE {
            return Ok(line);
        }
        self.request = None;
        self.decision = None;
        self.left_out = true;
        to_raw_value(&self)
    }
}

/// The part of a line that every valid line has.
#[derive(Deserialize)]
struct Number {
    n: u64,
}

/// Opens a file of the audit, and returns its length too. To search a huge one for a line could take minutes.
pub(crate) fn open(layout: &Layout, age: usize) -> Result<Option<(File, u64)>, StoreError> {
    let path = layout.audit(age);
    match file::open(&path)? {
        Some((_, len)) if len > MAX_READABLE => {
            Err(StoreError::unreadable(&path, format!("is larger than {MAX_READABLE} bytes")))
        }
        opened => Ok(opened),
    }
}

/// Returns the number of the newest complete line, or 0 if there is none.
pub(crate) fn last_number(layout: &Layout) -> Result<u64, StoreError> {
    for age in 0..=1 {
        let path = layout.audit(age);
        let Some((file, len)) = open(layout, age)? else {
            continue;
        };
        let mut lines = ReverseLines::new(file, len);
        while let Some(line) = lines.next().map_err(StoreError::io("read", &path))? {
            if let Ok(found) = serde_json::from_slice::<Number>(&line) {
                return Ok(found.n);
            }
        }
    }
    Ok(0)
}

/// Appends line `n` unless it exists. Returns the file, which is not synced.
pub(crate) fn append(layout: &Layout, n: u64, line: &str) -> Result<Option<File>, StoreError> {
    if last_number(layout)? >= n {
        return Ok(None);
    }
    let path = layout.audit(0);
    let mut text = String::with_capacity(line.len() + 2);
    let mut is_new = true;
    if let Some((file, len)) = open(layout, 0)? {
        if len > MAX_FILE {
            rotate(layout)?;
        } else {
            is_new = false;
            let mut last = [b'\n'];
            if len > 0 {
                file.read_exact_at(&mut last, len - 1).map_err(StoreError::io("read", &path))?;
            }
            // A crash left the previous line incomplete. This ends it, and every reader skips it.
            if last != [b'\n'] {
                text.push('\n');
            }
        }
    }
    text.push_str(line);
    text.push('\n');
    let file = file::append(&path, text.as_bytes())?;
    if is_new {
        file::sync_dir(&layout.audit_dir())?;
    }
    Ok(Some(file))
}

/// Renames every file to the next older name. An interrupted rotation can be repeated, because a file that has already
/// moved is not found.
fn rotate(layout: &Layout) -> Result<(), StoreError> {
    (0..OLD_FILES).rev().try_for_each(|age| file::rename_if_there(&layout.audit(age), &layout.audit(age + 1)))
}

/// Returns the files of the audit with lines that cannot be used, and how many each has.
pub(crate) fn damaged_lines(layout: &Layout) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let mut damaged = Vec::new();
    for age in 0..=OLD_FILES {
        let path = layout.audit(age);
        let Some((file, len)) = open(layout, age)? else { continue };
        let mut reader =
            AuditReader { files: Vec::new().into_iter(), current: Some(ReverseLines::new(file, len)), skipped: 0 };
        while reader.next().is_some() {}
        if reader.skipped > 0 {
            damaged.push((path, reader.skipped));
        }
    }
    Ok(damaged)
}

/// Reads the lines of the audit, newest first. It skips and counts unreadable lines.
pub struct AuditReader {
    files: std::vec::IntoIter<ReverseLines>,
    current: Option<ReverseLines>,
    skipped: u64,
}

impl AuditReader {
    /// Opens every file at once, so that a rotation during the read loses nothing.
    pub(crate) fn open(layout: &Layout) -> Result<Self, StoreError> {
        let mut files = Vec::new();
        for age in 0..=OLD_FILES {
            if let Some((file, len)) = open(layout, age)? {
                files.push(ReverseLines::new(file, len));
            }
        }
        let mut files = files.into_iter();
        let current = files.next();
        Ok(Self { files, current, skipped: 0 })
    }

    /// Returns how many incomplete or damaged lines were skipped so far.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Iterator for AuditReader {
    type Item = AuditLine;

    fn next(&mut self) -> Option<AuditLine> {
        loop {
            match self.current.as_mut()?.next() {
                Ok(Some(line)) => match serde_json::from_slice(&line) {
                    Ok(line) => return Some(line),
                    Err(_) => self.skipped += 1,
                },
                Ok(None) => self.current = self.files.next(),
                Err(_) => {
                    self.skipped += 1;
                    self.current = self.files.next();
                }
            }
        }
    }
}
