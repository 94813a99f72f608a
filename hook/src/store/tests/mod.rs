//! The store as a whole, on real files.

mod concurrent;
mod crash;
mod damage;
mod index;
mod log_and_inbox;
mod records;
mod refusals;
