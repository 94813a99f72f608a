//! `install` and `uninstall`: the files of the agents before and after.

mod byte_exact;
mod confirmation;
mod install_command;
mod plugin;
mod uninstall;
