//! The signals that end the view. It gives the terminal back first.

use nix::libc;
use nix::sys::signal::Signal::{self, *};
use signal_hook::low_level::emulate_default_handler;

/// The signals that do not end the view, or that it cannot answer.
const NOT_ANSWERED: &[Signal] = &[
    // Nothing can catch these.
    SIGKILL, SIGSTOP, //
    // They tell of a fault of the program itself: nothing of it can go on, not even to give the terminal back.
    SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, //
    // They stop it.
    SIGTSTP, SIGTTIN, SIGTTOU, //
    // They do nothing. A program in Rust ignores the last one.
    SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGPIPE,
];

/// Returns every signal that ends a process and that the process can answer before it ends.
pub fn ending_signals() -> Vec<i32> {
    let named = Signal::iterator().filter(|signal| !NOT_ANSWERED.contains(signal)).map(|signal| signal as i32);
    named.chain(libc::SIGRTMIN()..=libc::SIGRTMAX()).collect()
}

/// Ends this process as the signal would have without a handler.
pub(super) fn end_by(signal: i32) -> ! {
    // It returns for signals that it does not know, or does not know to end a process.
    let _ = emulate_default_handler(signal);
    // What a shell says of a program that a signal ended.
    std::process::exit(128 + signal)
}
