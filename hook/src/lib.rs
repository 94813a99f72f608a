//! baton.
pub mod core;
