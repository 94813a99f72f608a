//! The pages of the documentation that name tests.

mod known_bugs;
mod prior_art;
