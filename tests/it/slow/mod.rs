//! Faults at every step, races and random histories. A sample by default, everything with `BATON_TESTS=full`.

mod crashes;
mod install_faults;
mod io_errors;
mod large_state;
mod project_faults;
mod project_random;
mod races;
