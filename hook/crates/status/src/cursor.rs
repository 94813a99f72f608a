//! Where the next page of a list begins.

use std::fmt;
use std::str::FromStr;

/// How the cursor of a pinned record begins.
const PINNED: &str = "pinned-";

/// The end of a page: whether its last record is pinned, its time, in milliseconds since 1970, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<Id> {
    /// Whether the record is pinned.
    pub pinned: bool,
    /// The time by which the list is sorted.
    pub at: u64,
    /// The id of the record.
    pub id: Id,
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is the value that the previous page ended with, such as 1700000000000-ID")]
pub struct CursorError;

impl<Id: FromStr> FromStr for Cursor<Id> {
    type Err = CursorError;
    fn from_str(text: &str) -> Result<Self, CursorError> {
        let rest = text.strip_prefix(PINNED);
        let (at, id) = rest.unwrap_or(text).split_once('-').ok_or(CursorError)?;
        let (at, id) = (at.parse().map_err(|_| CursorError)?, id.parse().map_err(|_| CursorError)?);
        Ok(Self { pinned: rest.is_some(), at, id })
    }
}

impl<Id: fmt::Display> fmt::Display for Cursor<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}-{}", if self.pinned { PINNED } else { "" }, self.at, self.id)
    }
}
