//! The entries in the agents' own configuration that make an agent call baton: put in, found again, taken out.
//!
//! A [`receipt::Receipt`] lists every byte that was put into a file that is not baton's. It is written before the file is, so
//! that a crash between the two leaves an entry in the receipt that is in no file, never one in a file that is in no receipt.
//!
//! **Architecture invariant.** Only what the receipt lists is ever taken out of a file. A file that does not parse is not written.

pub mod client;
pub mod entry;
pub mod error;
pub mod file;
pub mod find;
pub mod json;
pub mod layout;
pub mod place;
pub mod plan;
pub mod program;
pub mod receipt;
pub mod splice;
pub mod strip;
pub mod toml;
pub mod trust;
pub mod variable;

pub use error::WiringError;
