//! Prepares the process before anything else runs.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, IntoRawFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use signal_hook::consts::SIGPIPE;

/// Makes sure that standard input, output and error are open, and turns a write to a closed pipe into an error.
/// Returns whether that succeeded.
#[must_use]
pub fn prepare_process() -> bool {
    // Otherwise the first file that is opened would get one of their descriptors, and a reply could be written into a
    // record.
    let open = [io::stdin().as_fd(), io::stdout().as_fd(), io::stderr().as_fd()].into_iter().all(|file| {
        let closed = fcntl(file, FcntlArg::F_GETFD) == Err(Errno::EBADF);
        // The file gets the lowest free descriptor, which is the closed one. It stays open.
        !closed || File::options().read(true).write(true).open("/dev/null").map(IntoRawFd::into_raw_fd).is_ok()
    });
    open && signal_hook::flag::register(SIGPIPE, Arc::new(AtomicBool::new(false))).is_ok()
}
