//! `baton`, the program.
//!
//! It has a C `main`. What Rust's library does before its own `main` takes an eighth of the time of an empty process.
//! Most of that is reading `/proc/self/maps` to tell a stack overflow from another fault. `startup` does the parts of
//! it that are needed.

#![no_main]

use std::ffi::c_int;

#[allow(
    unsafe_code,
    reason = "no other function of the program has this name, and the arguments are left to the library"
)]
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    let status = if agent_baton::startup::prepare_process() {
        agent_baton::startup::run_with_stack(agent_baton::cli::main)
    } else {
        1
    };
    // Do not return: the buffer of standard output must be flushed.
    std::process::exit(c_int::from(status))
}
