//! The home of the account, which no environment can change.

use std::fs;
use std::path::PathBuf;

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
    pub(crate) fn find(&self) -> Option<PathBuf> {
        match self {
            Self::Is(home) => Some(home.clone()),
            Self::Database => {
                let uid = nix::unistd::geteuid().as_raw();
                // A static program cannot load the name service's modules: what /etc/passwd does not have, getent has.
                of_passwd(&fs::read_to_string("/etc/passwd").ok()?, uid).or_else(|| {
                    let asked = std::process::Command::new("/usr/bin/getent")
                        .args(["passwd", &uid.to_string()])
                        .stdin(std::process::Stdio::null())
                        .stderr(std::process::Stdio::null())
                        .output()
                        .ok()?;
                    of_passwd(&String::from_utf8(asked.stdout).ok()?, uid)
                })
            }
        }
    }
}

/// The home of an account in the form of passwd(5).
pub(super) fn of_passwd(text: &str, uid: u32) -> Option<PathBuf> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        let found: u32 = fields.next()?.parse().ok()?;
        let home = fields.nth(2)?;
        (found == uid && home.starts_with('/')).then(|| PathBuf::from(home))
    })
}
