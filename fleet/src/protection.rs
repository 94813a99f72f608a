//! Protects the process that has the password.

use nix::sys::prctl::{set_dumpable, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

/// Makes sure that the password leaves the process only towards the server, and that the process ends with the one that started
/// it.
///
/// # Errors
///
/// If the system refuses.
pub fn protect() -> Result<(), nix::Error> {
    // A core dump would contain the password, on a disk that outlives the process.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // Neither may another process of this user read the memory, or the environment and the files through /proc. A collector of
    // core dumps that gets them through a pipe is not bound by the limit above, and obeys this.
    set_dumpable(false)?;
    // A killed baton does not close the pipes while another process still has them.
    set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}
