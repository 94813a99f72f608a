//! What a process needs before anything else.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, IntoRawFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use signal_hook::consts::SIGPIPE;

/// Makes standard input, output and error files, and a closed pipe an error. Tells whether that could be done.
#[must_use]
pub fn prepare_process() -> bool {
    // Else the first file that is opened would be one of them, and a reply could come to stand in a record.
    let open = [io::stdin().as_fd(), io::stdout().as_fd(), io::stderr().as_fd()].into_iter().all(|file| {
        let closed = fcntl(file, FcntlArg::F_GETFD) == Err(Errno::EBADF);
        // The lowest number that is free is given: its own. It stays open.
        !closed || File::options().read(true).write(true).open("/dev/null").map(IntoRawFd::into_raw_fd).is_ok()
    });
    open && signal_hook::flag::register(SIGPIPE, Arc::new(AtomicBool::new(false))).is_ok()
}
