//! The loops of other programs: their details, and their logs.

use std::io;
use std::path::Path;

use baton_status::{Item, ItemKind};
use schemars::JsonSchema;
use serde::Serialize;

use super::request::decode;
use crate::logs::{FollowedLogs, LogClient, LogSection, Position};
use crate::picture::Picture;

/// A loop of another program, with the sections of its log.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LoopDetails {
    /// What the list shows of it.
    #[serde(flatten)]
    item: Item,
    /// The sections that begin in the newest 10,000 lines of its log, in order.
    sections: Vec<LogSection>,
    /// How many bytes of the log are before these lines.
    omitted_bytes: u64,
    /// Why its log cannot be read, if it cannot be.
    problem: Option<String>,
}

/// Returns a loop that the picture shows. Its id is encoded as in an address.
pub(super) fn find<'a>(picture: &'a Picture, id: &str) -> Option<&'a Item> {
    let id = decode(id)?;
    picture.items.iter().find(|item| item.kind == ItemKind::Loop && item.id == id)
}

/// Returns whether a loop that the picture shows has ended. Its id is encoded as in an address.
pub(super) fn has_ended(picture: &Picture, id: &str) -> bool {
    find(picture, id).is_some_and(crate::logs::has_ended)
}

/// Follows the log of a loop.
///
/// # Errors
/// Returns an error if its path cannot be written as text, or if the system gives no random bytes.
pub(super) fn follow(logs: &FollowedLogs, item: &Item, after: Option<Position>) -> io::Result<LogClient> {
    let Some(path) = &item.log else { return Err(io::Error::other("its path cannot be written as text")) };
    let client = logs.follow(Path::new(path), item.status == "active", after)?;
    client.set_has_ended(crate::logs::has_ended(item));
    Ok(client)
}

/// Returns the details of a loop.
pub(super) fn details(logs: &FollowedLogs, item: &Item) -> LoopDetails {
    let read = follow(logs, item, None).and_then(|client| client.sections());
    let item = item.clone();
    match read {
        Ok((sections, omitted_bytes)) => LoopDetails { item, sections, omitted_bytes, problem: None },
        Err(error) => {
            let problem = Some(baton_display::strip_control_chars(&format!("cannot read the log: {error}")));
            LoopDetails { item, sections: Vec::new(), omitted_bytes: 0, problem }
        }
    }
}
