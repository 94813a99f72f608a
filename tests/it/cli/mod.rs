//! Commands that report or configure: `config`, `doctor`, `explain`, the schemas.

mod config;
mod doctor;
mod explain;
mod schemas;
