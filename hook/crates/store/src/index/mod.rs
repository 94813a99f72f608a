//! The index, which is derived from the records and finds them without listing a directory.

pub(crate) mod expiry;
pub(crate) mod lookup;
pub(crate) mod rebuild;
