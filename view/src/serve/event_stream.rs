//! Writes the events of a feed to a client, as server-sent events.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::client::Client;
use super::response::stream_head;
use crate::event_id::EventId;
use crate::feed::{Feed, Pending};
use crate::logs::{LogClient, LogEvent};

/// How often a stream that is silent says that it is there.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// How often one looks whether the client still is there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many events are written at once.
const BATCH: usize = 64;

/// How often a log is looked at for new lines.
const POLL_LOG_EVERY: Duration = Duration::from_millis(200);

/// How often a log is looked at that cannot be read.
const RETRY_LOG_EVERY: Duration = Duration::from_secs(1);

/// Writes events until the client has gone. A client that does not read is cut off by the time limit of the connection.
pub(super) fn write_events(client: &mut Client, feed: &Arc<Feed>, after: Option<EventId>) -> io::Result<()> {
    client.write_all(stream_head().as_bytes())?;
    client.write_all(b"retry: 2000\n\n")?;
    let mut subscription = feed.subscribe(after);
    let mut written = Instant::now();
    loop {
        match subscription.next(BATCH, LOOK_EVERY) {
            Pending::Nothing if written.elapsed() < COMMENT_EVERY => {
                if client.has_gone()? {
                    return Ok(());
                }
                continue;
            }
            Pending::Nothing => client.write_all(b":\n\n")?,
            Pending::Picture(picture) => write_event(client, picture.id, "picture", &*picture)?,
            Pending::Events(events) => {
                for event in events {
                    write_event(client, event.id, "changes", &event.changes)?;
                }
            }
        }
        written = Instant::now();
    }
}

/// Writes the lines of a log, whose writer may have ended, until the client has gone: each as a message whose id is the position behind it. `begun_anew`
/// says that the lines so far are no longer what the log says, and `problem` why it cannot be read now, or with an empty
/// text, that it can be read again.
pub(super) fn write_log(client: &mut Client, mut log: LogClient, has_ended: impl Fn() -> bool) -> io::Result<()> {
    client.write_all(stream_head().as_bytes())?;
    client.write_all(b"retry: 2000\n\n")?;
    let (mut written, mut looked) = (Instant::now(), Instant::now());
    let mut problem: Option<String> = None;
    loop {
        log.set_has_ended(has_ended());
        let (text, pause) = match log.next(BATCH) {
            Ok(events) => {
                let pause = if events.is_empty() { POLL_LOG_EVERY } else { Duration::ZERO };
                let mended = problem.take().map(|_| problem_event(""));
                (mended.into_iter().chain(events.iter().map(log_event)).collect(), pause)
            }
            Err(error) => {
                let text = baton_display::strip_control_chars(&format!("cannot read the log: {error}"));
                let event = if problem.as_ref() == Some(&text) { String::new() } else { problem_event(&text) };
                problem = Some(text);
                (event, RETRY_LOG_EVERY)
            }
        };
        if !text.is_empty() {
            client.write_all(text.as_bytes())?;
            written = Instant::now();
        } else if written.elapsed() >= COMMENT_EVERY {
            client.write_all(b":\n\n")?;
            written = Instant::now();
        }
        if looked.elapsed() >= LOOK_EVERY {
            looked = Instant::now();
            if client.has_gone()? {
                return Ok(());
            }
        }
        thread::sleep(pause);
    }
}

/// Returns an event. The text of a line has no line break.
fn log_event(event: &LogEvent) -> String {
    let id = event.position();
    match event {
        LogEvent::BegunAnew(_) => format!("id: {id}\nevent: begun_anew\ndata:\n\n"),
        LogEvent::Line(_, text) => format!("id: {id}\ndata: {text}\n\n"),
    }
}

/// Returns an event that says why the log cannot be read. The text has no line break.
fn problem_event(text: &str) -> String {
    format!("event: problem\ndata: {text}\n\n")
}

fn write_event(client: &mut Client, id: EventId, name: &str, data: &impl Serialize) -> io::Result<()> {
    // JSON has no line break outside of strings, and writes those inside as `\n`.
    let data = serde_json::to_string(data)?;
    client.write_all(format!("id: {id}\nevent: {name}\ndata: {data}\n\n").as_bytes())
}
