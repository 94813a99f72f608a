//! The home directory of the account, which no environment variable can change.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::child::run_with_timeout;
use crate::read::read_capped;

/// The maximum size of the account database, in bytes. If it is larger, getent is asked instead.
const MAX_PASSWD_BYTES: usize = 4 * 1024 * 1024;

/// How long getent may take. A directory service that does not answer must not hold up an event.
const GETENT_TIMEOUT: Duration = Duration::from_secs(1);

/// The home directory of the account that runs baton.
#[derive(Debug, Clone, Default)]
pub enum AccountHome {
    /// The directory in the account database, which is read only when it is needed.
    #[default]
    Database,
    /// A given directory.
    Is(PathBuf),
}

impl AccountHome {
    /// Returns the home directory, or `None` if the account database does not have one.
    #[must_use]
    pub fn find(&self) -> Option<PathBuf> {
        match self {
            Self::Is(home) => Some(home.clone()),
            Self::Database => {
                let uid = nix::unistd::geteuid().as_raw();
                from_passwd_file(Path::new("/etc/passwd"), uid).or_else(|| from_getent(uid))
            }
        }
    }
}

/// Returns the home directory of an account that is not in /etc/passwd. A static program cannot load the modules of the
/// name service, so getent does.
fn from_getent(uid: u32) -> Option<PathBuf> {
    let mut getent = Command::new("/usr/bin/getent");
    getent.args(["passwd", &uid.to_string()]);
    from_passwd(&run_with_timeout(&mut getent, GETENT_TIMEOUT, MAX_PASSWD_BYTES).ok()??.stdout, uid)
}

/// Returns an account's home directory according to a file in the format of passwd(5).
pub fn from_passwd_file(path: &Path, uid: u32) -> Option<PathBuf> {
    from_passwd(&read_capped(File::open(path).ok()?, MAX_PASSWD_BYTES).ok()?, uid)
}

/// Returns an account's home directory according to text in the format of passwd(5). Names may have any encoding.
pub fn from_passwd(bytes: &[u8], uid: u32) -> Option<PathBuf> {
    bytes.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let found: u32 = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let home = fields.nth(2)?;
        (found == uid && home.starts_with(b"/")).then(|| PathBuf::from(OsStr::from_bytes(home)))
    })
}
