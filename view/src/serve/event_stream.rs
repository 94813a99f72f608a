//! Writes the events of a feed to a client, as server-sent events.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::client::Client;
use super::response::stream_head;
use crate::event_id::EventId;
use crate::feed::{Feed, Pending};

/// How often a stream that is silent says that it is there.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// How often one looks whether the client still is there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many events are written at once.
const BATCH: usize = 64;

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

fn write_event(client: &mut Client, id: EventId, name: &str, data: &impl Serialize) -> io::Result<()> {
    // JSON has no line break outside of strings, and writes those inside as `\n`.
    let data = serde_json::to_string(data)?;
    client.write_all(format!("id: {id}\nevent: {name}\ndata: {data}\n\n").as_bytes())
}
