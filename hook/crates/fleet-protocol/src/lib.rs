//! What `baton` and `baton-fleet` say to each other: one line of JSON for each message, over two pipes.
//!
//! `baton` starts `baton-fleet`, which has no arguments. `baton` writes an [`Opening`], and then requests. Each request gets one
//! [`Answer`], in order. The child ends when its input ends.

mod answer;
mod id;
mod request;
mod row;

pub use answer::{
    Answer, Cause, Failure, HandoffPart, HandoffSummary, Machine, Rows, Standing, StoredArchive, StoredChange,
    StoredItems,
};
pub use id::{CommitId, Token, TokenError};
pub use request::{
    Database, EndedOwner, GONE_AFTER_MS, Identity, NewHandoff, Opening, Position, Renewal, Request, RowWrite, Secret,
    VERSION,
};
pub use row::{LeaseState, Row, RowOwner, to_row_record};
