//! Protected files of a project.

mod prior_art;
mod protect;
