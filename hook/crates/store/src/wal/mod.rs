//! The write-ahead log: one commit of several files, all or nothing.

pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod write;
