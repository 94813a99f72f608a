//! Operations on files, accounts and child processes that several crates need.
//!
//! May touch: the paths that it is given, the account database, and the programs that it is told to run.

pub mod account;
pub mod child;
pub mod dirs;
pub mod hash;
pub mod lock;
pub mod owner;
pub mod program;
pub mod read;
