//! Faults at every step, races and random histories. By default, a sample is tried, and with `BATON_TESTS=full`
//! everything.

mod crashes;
mod install_faults;
mod io_errors;
mod large_state;
mod project_faults;
mod project_random;
mod races;
