//! The store as a whole, on real files.

mod audit;
mod concurrent;
mod cost;
mod crash;
mod damage;
mod format;
mod home;
mod index;
mod log_and_inbox;
mod records;
mod refusals;
mod scale;
