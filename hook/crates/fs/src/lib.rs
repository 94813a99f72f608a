//! Operations on files and accounts that several crates need.
//!
//! May touch: the paths that it is given, and the account database.

pub mod account;
pub mod dirs;
pub mod hash;
pub mod lock;
pub mod owner;
pub mod read;
