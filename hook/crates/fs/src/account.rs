//! The home of the account, which no environment can change.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::read::read_capped;

/// The most that is read of the account database, in bytes; what has more is asked through getent.
const MAX_PASSWD_BYTES: usize = 4 * 1024 * 1024;

/// The home of the account that runs baton.
#[derive(Debug, Clone, Default)]
pub enum AccountHome {
    /// As the account database says; looked up only when it is needed.
    #[default]
    Database,
    /// As given.
    Is(PathBuf),
}

impl AccountHome {
    /// The home directory; `None` where the account database does not name one.
    #[must_use]
    pub fn find(&self) -> Option<PathBuf> {
        match self {
            Self::Is(home) => Some(home.clone()),
            Self::Database => {
                let uid = nix::unistd::geteuid().as_raw();
                // A static program cannot load the name service's modules: what /etc/passwd does not have, getent has.
                from_passwd_file(Path::new("/etc/passwd"), uid).or_else(|| {
                    let asked = std::process::Command::new("/usr/bin/getent")
                        .args(["passwd", &uid.to_string()])
                        .stdin(std::process::Stdio::null())
                        .stderr(std::process::Stdio::null())
                        .output()
                        .ok()?;
                    from_passwd(&asked.stdout, uid)
                })
            }
        }
    }
}

/// The home of an account by a file in the form of passwd(5).
pub fn from_passwd_file(path: &Path, uid: u32) -> Option<PathBuf> {
    from_passwd(&read_capped(File::open(path).ok()?, MAX_PASSWD_BYTES).ok()?, uid)
}

/// The home of an account in the form of passwd(5), in which a name may be in any encoding.
pub fn from_passwd(bytes: &[u8], uid: u32) -> Option<PathBuf> {
    bytes.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let found: u32 = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let home = fields.nth(2)?;
        (found == uid && home.starts_with(b"/")).then(|| PathBuf::from(OsStr::from_bytes(home)))
    })
}
