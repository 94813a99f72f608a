//! What is derived from the records so that they are found without a listing.

pub(crate) mod expiry;
pub(crate) mod lookup;
pub(crate) mod rebuild;
pub(crate) mod recent;
