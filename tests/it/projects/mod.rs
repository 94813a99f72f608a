//! Tests of a project's protected files.

mod prior_art;
mod protect;
