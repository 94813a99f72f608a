//! `install` and `uninstall`: the files of the agents before and after.

mod byte_exact;
mod confirmation;
mod install;
mod plugin;
mod uninstall;
