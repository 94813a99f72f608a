//! The decision tables, row by row, as short histories.

mod background_work;
mod commands;
mod fleet;
mod launches;
mod loops;
mod notifications;
mod ownership;
mod records;
mod refresh;
