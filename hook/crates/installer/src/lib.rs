//! The entries in the agents' own configuration that make an agent call baton: put in, found again, taken out.
//!
//! A [`receipt::Receipt`] lists every byte that was put into a file that is not baton's. It is written before the file is, so
//! that a crash between the two leaves an entry in the receipt that is in no file, never one in a file that is in no receipt.
//!
//! **Architecture invariant.** Only what the receipt lists is ever taken out of a file. A file that does not parse is not written.

pub mod codex_settings;
pub mod codex_trust;
pub mod codex_trust_query;
pub mod config_file;
pub mod entries;
pub mod error;
pub mod find_hooks;
pub mod json_edit;
pub mod locations;
pub mod plan;
pub mod program;
pub mod receipt;
pub mod remove;
pub mod settings_variable;

pub use error::InstallError;
