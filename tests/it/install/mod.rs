//! `install` and `uninstall`: the agents' files before and after.

mod byte_exact;
mod confirmation;
mod install_command;
mod plugin;
mod uninstall;
