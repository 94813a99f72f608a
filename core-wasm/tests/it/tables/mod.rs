//! The decision tables, row by row, as short histories.

mod commands;
mod launches;
mod loops;
mod ownership;
mod records;
mod telling;
