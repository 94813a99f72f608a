//! Prepares the process before anything else runs.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, IntoRawFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use baton_display::warn;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::resource::{Resource, getrlimit, rlim_t};
use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGPIPE, SIGXFSZ};

/// The least stack that every command can run on, in bytes. Usual is 8 MiB.
const MIN_STACK_BYTES: usize = 4 * 1024 * 1024;

/// Runs `work` on a stack that is large enough. A user may have limited the stack (`ulimit -s`): an overflow would end the process by a
/// signal, without a word.
#[must_use]
pub fn run_with_stack(work: fn() -> u8) -> u8 {
    let limit = getrlimit(Resource::RLIMIT_STACK).map_or(rlim_t::MAX, |(soft, _)| soft);
    if usize::try_from(limit).is_ok_and(|limit| limit < MIN_STACK_BYTES) { run_on_thread(work) } else { work() }
}

/// The stack of a thread does not come under the limit.
fn run_on_thread(work: fn() -> u8) -> u8 {
    let failure = match std::thread::Builder::new().stack_size(MIN_STACK_BYTES).spawn(work) {
        Ok(thread) => {
            // Signals are for the thread that works: only there do they interrupt a call.
            let _ = SigSet::all().thread_block();
            return thread.join().unwrap_or(1);
        }
        Err(error) => error,
    };
    warn(&format!("the stack is limited (`ulimit -s`), and no thread with a larger one can be started: {failure}"));
    u8::from(std::env::args_os().nth(1).is_none_or(|command| command != "hook"))
}

/// Makes standard input, output and error files, and a closed pipe and a file size limit errors. Tells whether that could be done.
#[must_use]
pub fn prepare_process() -> bool {
    // Otherwise the first file that is opened would get one of their descriptors, and a reply could be written into a
    // record.
    let open = [io::stdin().as_fd(), io::stdout().as_fd(), io::stderr().as_fd()].into_iter().all(|file| {
        let closed = fcntl(file, FcntlArg::F_GETFD) == Err(Errno::EBADF);
        // The file gets the lowest free descriptor, which is the closed one. It stays open.
        !closed || File::options().read(true).write(true).open("/dev/null").map(IntoRawFd::into_raw_fd).is_ok()
    });
    // A handler and not "ignore": a program that baton starts inherits what is ignored.
    open && [SIGPIPE, SIGXFSZ]
        .into_iter()
        .all(|signal| signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).is_ok())
}
