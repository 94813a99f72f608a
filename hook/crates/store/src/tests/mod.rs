//! Tests of the store as a whole, on real files.

mod audit;
mod concurrent;
mod crash;
mod damage;
mod format;
mod index;
mod log_and_inbox;
mod records;
mod refusals;
mod scale;
mod state_dir;
mod transaction;
mod trash;
