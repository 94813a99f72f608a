//! The decision tables, row by row, as short histories.

mod background_work;
mod commands;
mod launches;
mod loops;
mod notifications;
mod ownership;
mod records;
