//! The registry of sessions: listing, messages, export, retention.

mod answer;
mod discovery;
mod export;
mod foreign_loops;
mod long_history;
mod messages;
mod panes;
mod prior_art_messages;
mod prior_art_registry;
mod prior_art_retention;
mod registry;
mod renamed_project;
