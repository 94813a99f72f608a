//! Files and accounts: the small operations that every crate does alike.
//!
//! May touch: the paths that it is given, and the account database.

pub mod account;
pub mod hash;
pub mod read;
