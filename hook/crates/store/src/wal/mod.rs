//! The write-ahead log, which makes a commit of several files atomic.

pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod write;
