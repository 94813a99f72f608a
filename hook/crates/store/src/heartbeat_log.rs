//! A session's log: heartbeats, and acknowledgements of notifications. baton appends to it without the lock and never
//! syncs it.

use std::os::unix::fs::FileExt;

use agent_baton_core::decision::Location;
use agent_baton_core::event::{EventName, Question};
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::session::{Continuation, Delivery, MAX_DELIVERIES, NotificationId};
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::store::Store;

/// The maximum length of a line, in bytes. A single write of this size does not interleave with another.
const MAX_LINE: usize = 4096;

/// How much of the end of a log is read to recognise duplicate events, in bytes.
pub const RECENT_LOG_BYTES: u64 = 2 * 1024;

/// The size from which a log is trimmed to its newer half, in bytes. A shorter log is read in full with
/// [`LONG_LOG_BYTES`].
pub const LONG_LOG_BYTES: u64 = 64 * 1024;

/// A line of a session's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum LogLine {
    /// A heartbeat.
    Heartbeat(Heartbeat),
    /// An acknowledgement of a notification.
    Delivered(DeliveryAck),
}

/// An event that only shows that its launch is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The time of the event.
    pub at: Timestamp,
    /// The number of heartbeats so far: one more than in the previous line. Two events at the same time may get the
    /// same number.
    pub n: u64,
    /// The event's name.
    pub event: EventName,
    /// What the notification is about (`Notification` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// By what the turn goes on (`Stop` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<Continuation>,
    /// The digest of its payload.
    pub digest: String,
    /// The digest of the client's id of the prompt or turn.
    pub prompt_id: Option<String>,
    /// The agent's process.
    pub process: Process,
    /// The time from the start of the call to the writing of this line, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
}

/// The acknowledgement that a reply with a notification was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAck {
    /// The time of the acknowledgement.
    pub at: Timestamp,
    /// The notification.
    #[serde(flatten)]
    pub id: NotificationId,
    /// The agent's process whose reply carried it, or `None` in lines of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
}

/// The end of a session's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogTail {
    /// Its complete lines, oldest first.
    pub lines: Vec<LogLine>,
    /// The log's size in bytes.
    pub size: u64,
}

impl LogTail {
    /// Returns the number of the next heartbeat.
    #[must_use]
    pub fn next_n(&self) -> u64 {
        self.beats().last().map_or(1, |beat| beat.n.saturating_add(1))
    }

    /// Returns the heartbeats, oldest first.
    pub fn beats(&self) -> impl DoubleEndedIterator<Item = &Heartbeat> {
        self.lines.iter().filter_map(|line| match line {
            LogLine::Heartbeat(beat) => Some(beat),
            LogLine::Delivered(_) => None,
        })
    }

    /// Returns the newest deliveries for the core, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let newest = self.beats().count().saturating_sub(MAX_DELIVERIES);
        let of = |beat: &Heartbeat| Delivery {
            digest: beat.digest.clone(),
            process: beat.process.clone(),
            at: beat.at.clone(),
            event: None,
            continuation: None,
        };
        self.beats().skip(newest).map(of).collect()
    }

    /// Returns the acknowledged notifications to a process and to the session as a whole.
    #[must_use]
    pub fn acknowledged(&self, to: Option<&Process>) -> Vec<NotificationId> {
        let concerns = |mark: &&DeliveryAck| {
            mark.id.reason.is_offer()
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

    /// Returns whether the log is so long that its next event should take the lock, because a commit of the session
    /// trims it.
    #[must_use]
    pub const fn is_long(&self) -> bool {
        self.size > LONG_LOG_BYTES
    }
}

impl Store {
    /// Appends a line to the log of a live session with one write.
    ///
    /// # Errors
    ///
    /// Returns an error if the line is longer than 4 KiB or the file cannot be written.
    pub fn append(&self, session: &SessionId, line: &LogLine) -> Result<(), StoreError> {
        let path = self.layout.log(Location::Live, session);
        let json = serde_json::to_string(line).map_err(|error| StoreError::io("append to", &path)(error.into()))?;
        // The line begins with a line break, so that a line that a crash left incomplete does not damage this one.
        let text = format!("\n{json}\n");
        if text.len() > MAX_LINE {
            return Err(StoreError::TooLong { path, bytes: text.len(), limit: MAX_LINE });
        }
        file::append(&path, text.as_bytes()).map(drop)
    }

    /// Reads the last `bytes` of a live session's log. It skips incomplete lines and lines of other versions.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read. A missing file counts as empty.
    pub fn tail(&self, session: &SessionId, bytes: u64) -> Result<LogTail, StoreError> {
        let path = self.layout.log(Location::Live, session);
        let Some((file, size)) = file::open(&path)? else {
            return Ok(LogTail::default());
        };
        let from = size.saturating_sub(bytes);
        let mut bytes = vec![0; usize::try_from(size - from).unwrap_or_default()];
        file.read_exact_at(&mut bytes, from).map_err(StoreError::io("read", &path))?;
        let lines = bytes.split(|byte| *byte == b'\n');
        // The bytes before the first line break are part of a line and do not parse.
        let lines = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Ok(LogTail { lines, size })
    }

    /// Trims a long log to its newer half. A line that another call appends to the old file in the meantime is lost. It
    /// is a heartbeat, or an acknowledgement whose loss repeats a notification.
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
        file::replace(&self.layout.temp_of("log"), &path, text.as_bytes(), file::Durability::Content)
    }
}
