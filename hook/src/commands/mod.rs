//! The commands, one module each.

pub mod answer;
pub mod completions;
pub mod config;
pub mod decide;
pub mod demo;
pub mod disable;
pub mod doctor;
pub mod explain;
pub mod fleet;
pub mod gc;
pub mod go;
pub mod handoff;
pub mod install;
pub mod log;
pub mod man;
pub mod pickup;
pub mod project;
pub mod replay;
pub mod resume;
pub mod run;
pub mod schema;
pub mod session;
pub mod status;
pub mod uninstall;
pub mod view;
