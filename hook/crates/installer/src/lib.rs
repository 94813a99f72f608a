//! Manages the entries in the agents' configuration that make an agent call baton: installs them, finds them again,
//! and removes them.
//!
//! It may touch the agents' configuration files, the backups beside them, and baton's own data directory: the
//! receipt, its lock and the copy of the program. For the timer of a fleet's witness it may touch two units of the user's
//! systemd, or lines of the crontab, through their programs. It knows neither the store nor the core's rules.
//!
//! The [`receipt::Receipt`] lists everything that was added to a file that is not baton's. The receipt is written
//! before that file. So a crash can leave an entry in the receipt that is in no file, but never the reverse.
//!
//! **Architecture invariant.** Only what the receipt lists is ever removed from a file. baton never writes a file
//! that does not parse.

pub mod agent_config;
pub mod agent_hooks;
pub mod agents;
pub mod config_file;
pub mod entries;
pub mod error;
pub mod find_hooks;
pub mod hook_shape;
pub mod json_edit;
pub mod locations;
pub mod plan;
pub mod policies;
pub mod program;
pub mod receipt;
pub mod remove;
pub mod settings_variable;
pub mod witness_timer;

pub use error::InstallError;
