//! Loops, and commands below a supervisor.

mod done_when;
mod progress_log;
mod run_with;
mod run_with_survivors;
mod stop_event;
