//! A session's log: heartbeats, and marks of what was told. Appended to without the lock, and never synced.

use std::os::unix::fs::FileExt;

use agent_baton_core::decision::Location;
use agent_baton_core::event::{EventName, Question};
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Delivery, MAX_DELIVERIES, NotificationId};
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::store::Store;

/// The longest line, in bytes: one write of it does not mix with another's.
const MAX_LINE: usize = 4096;

/// As much of the end of a log as the rule of one event delivered twice needs, in bytes.
pub const RECENT_LOG_BYTES: u64 = 2 * 1024;

/// The size from which a log is cut to its newer half, in bytes; a shorter one is read whole for [`LONG_LOG_BYTES`].
pub const LONG_LOG_BYTES: u64 = 64 * 1024;

/// A line of a session's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum LogLine {
    /// A heartbeat.
    Heartbeat(Heartbeat),
    /// Something was told.
    Delivered(DeliveryAck),
}

/// An event that changed nothing but that its launch is known to live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When.
    pub at: Timestamp,
    /// How many there were: one more than in the line before. Two events at the same moment may give the same number.
    pub n: u64,
    /// Which event.
    pub event: EventName,
    /// What was asked (`Notification` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Digest of its payload.
    pub digest: String,
    /// Digest of the client's id of the prompt or turn.
    pub prompt_id: Option<String>,
    /// The agent's process.
    pub process: Process,
    /// How long the call had taken when it wrote this line, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
}

/// The mark that a telling was written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAck {
    /// When.
    pub at: Timestamp,
    /// What was told.
    #[serde(flatten)]
    pub id: NotificationId,
    /// The agent's process whose reply carried it; none in lines of before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
}

/// The end of a session's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogTail {
    /// Its whole lines, oldest first.
    pub lines: Vec<LogLine>,
    /// The log's size in bytes.
    pub size: u64,
}

impl LogTail {
    /// The number of the next beat.
    #[must_use]
    pub fn next_n(&self) -> u64 {
        self.beats().last().map_or(1, |beat| beat.n.saturating_add(1))
    }

    /// The heartbeats, oldest first.
    pub fn beats(&self) -> impl DoubleEndedIterator<Item = &Heartbeat> {
        self.lines.iter().filter_map(|line| match line {
            LogLine::Heartbeat(beat) => Some(beat),
            LogLine::Delivered(_) => None,
        })
    }

    /// The newest deliveries, as the core takes them, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let newest = self.beats().count().saturating_sub(MAX_DELIVERIES);
        let of = |beat: &Heartbeat| Delivery {
            digest: beat.digest.clone(),
            process: beat.process.clone(),
            at: beat.at.clone(),
            event: None,
        };
        self.beats().skip(newest).map(of).collect()
    }

    /// The notifications to a process, and to the session as a whole, that it acknowledges.
    #[must_use]
    pub fn acknowledged(&self, to: Option<&Process>) -> Vec<NotificationId> {
        let concerns = |mark: &&DeliveryAck| {
            mark.id.reason == Reason::RunOffered
                || mark.id.reason.ends_loop()
                || mark.process.is_none()
                || mark.process.as_ref() == to
        };
        let acknowledged = |line: &LogLine| match line {
            LogLine::Delivered(mark) => Some(mark).filter(concerns).map(|mark| mark.id.clone()),
            LogLine::Heartbeat(_) => None,
        };
        self.lines.iter().filter_map(acknowledged).collect()
    }

    /// Whether the log has grown so long that its next event had better take the lock: a commit of the session cuts it.
    #[must_use]
    pub const fn is_long(&self) -> bool {
        self.size > LONG_LOG_BYTES
    }
}

impl Store {
    /// Appends a line to the log of a live session, by one write.
    ///
    /// # Errors
    ///
    /// Where the line is longer than 4 KiB, or the file cannot be written.
    pub fn append(&self, session: &SessionId, line: &LogLine) -> Result<(), StoreError> {
        let path = self.layout.log(Location::Live, session);
        let json = serde_json::to_string(line).map_err(|error| StoreError::io("append to", &path)(error.into()))?;
        // It begins with a line break of its own, so that a line that a crash tore spoils no other.
        let text = format!("\n{json}\n");
        if text.len() > MAX_LINE {
            return Err(StoreError::TooLong { path, bytes: text.len(), limit: MAX_LINE });
        }
        file::append(&path, text.as_bytes()).map(drop)
    }

    /// The last `bytes` of a live session's log. Lines that are torn or not of this version are skipped.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read; a missing one is empty.
    pub fn tail(&self, session: &SessionId, bytes: u64) -> Result<LogTail, StoreError> {
        let path = self.layout.log(Location::Live, session);
        let Some((file, size)) = file::open(&path)? else {
            return Ok(LogTail::default());
        };
        let from = size.saturating_sub(bytes);
        let mut bytes = vec![0; usize::try_from(size - from).unwrap_or_default()];
        file.read_exact_at(&mut bytes, from).map_err(StoreError::io("read", &path))?;
        let lines = bytes.split(|byte| *byte == b'\n');
        // What stands before the first line break is the rest of a line, and parses as none.
        let lines = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Ok(LogTail { lines, size })
    }

    /// Cuts a long log to its tail. A line that another call appends to the old file meanwhile is lost: a heartbeat,
    /// or a mark without which something is told twice.
    pub(crate) fn trim_log(&self, session: &SessionId) -> Result<(), StoreError> {
        let path = self.layout.log(Location::Live, session);
        let long = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.len() > LONG_LOG_BYTES);
        if !long {
            return Ok(());
        }
        let mut text = String::new();
        for line in self.tail(session, LONG_LOG_BYTES / 2)?.lines {
            let json = serde_json::to_string(&line).map_err(|error| StoreError::io("write", &path)(error.into()))?;
            text.push_str(&json);
            text.push('\n');
        }
        let temp = self.layout.temp_of("log");
        file::write_synced(&temp, text.as_bytes())?;
        std::fs::rename(&temp, &path).map_err(StoreError::io("rename a file to", &path))
    }
}
