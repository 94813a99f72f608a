//! The tests of the live view.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "that is how a test fails")]

mod damage;
mod endings;
mod feed;
mod fleet;
mod install;
mod kills;
mod loops;
mod project_programs;
mod serve;
mod state;
mod top;
