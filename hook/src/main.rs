//! `baton`, the program.
//!
//! It begins as a C program does. What Rust's library does before its `main` takes as long as an eighth of an empty process, most of it
//! for reading `/proc/self/maps`, by which it knows an overflow of the stack from another fault. `startup` does what of it is needed.

#![no_main]

use std::ffi::c_int;

#[allow(
    unsafe_code,
    reason = "no other function of the program has this name, and the arguments are left to the library"
)]
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    let status = if agent_baton::startup::prepare_process() { agent_baton::cli::main() } else { 1 };
    // Not returned: what stands in the buffer of standard output has to be written.
    std::process::exit(c_int::from(status))
}
