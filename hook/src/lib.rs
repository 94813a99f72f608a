//! baton.

pub mod store;
