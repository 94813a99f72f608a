//! A user's approval to run a command. It is a file below the account's home, which no environment variable can move.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use agent_baton_core::id::RunId;
use nix::fcntl::OFlag;

use super::definition::DoneWhen;
use baton_fs::hash::sha256_hex;
use baton_fs::read::{open_own, read_capped};

/// The directory of approvals, below the account's home.
const DIRECTORY: &str = ".local/share/baton/approved";

/// The length of the file in bytes: a SHA-256 in hex digits.
const DIGEST_DIGITS: usize = 64;

fn path(home: &Path, run: &RunId) -> PathBuf {
    home.join(DIRECTORY).join(run.as_str())
}

/// Returns the digest of the run, the command and everything that affects what the command does.
fn approval_digest(run: &RunId, done_when: &DoneWhen) -> String {
    sha256_hex(&serde_json::to_vec(&(run, done_when)).unwrap_or_default(), DIGEST_DIGITS / 2)
}

/// Records that a user approved this command for this run.
///
/// # Errors
/// Returns an error if the file cannot be created, or if it exists already.
pub fn grant(home: &Path, run: &RunId, done_when: &DoneWhen) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(home.join(DIRECTORY))?;
    let flags = OFlag::O_NOFOLLOW.bits();
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).custom_flags(flags).open(path(home, run))?;
    file.write_all(approval_digest(run, done_when).as_bytes())?;
    file.sync_all()
}

/// Returns whether a user approved this command for this run. Also returns false if that cannot be read, or if
/// another account could have written the file.
#[must_use]
pub fn is_granted(home: &Path, run: &RunId, done_when: &DoneWhen) -> bool {
    let Ok((file, meta)) = open_own(&path(home, run)) else { return false };
    let own = meta.mode() & 0o077 == 0;
    own && read_capped(file, DIGEST_DIGITS).is_ok_and(|bytes| bytes == approval_digest(run, done_when).as_bytes())
}

/// Removes the approval. Does nothing if there is none.
pub fn revoke(home: &Path, run: &RunId) {
    // A leftover file does no harm: its run has ended, and a run id is never used again.
    let _ = fs::remove_file(path(home, run));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_command_stands_as_it_was_given_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        let run: RunId = "r1".parse().unwrap();
        let given = DoneWhen {
            command: "make test".into(),
            directory: "/w".into(),
            directory_id: None,
            environment: [("PATH".to_owned(), "/bin".to_owned())].into(),
        };
        assert!(!is_granted(home, &run, &given));
        grant(home, &run, &given).unwrap();
        assert!(is_granted(home, &run, &given));
        assert!(!is_granted(home, &"r2".parse().unwrap(), &given));
        for other in [
            DoneWhen { command: "make evil".into(), ..given.clone() },
            DoneWhen { directory: "/x".into(), ..given.clone() },
            DoneWhen { environment: [("PATH".to_owned(), "./bin".to_owned())].into(), ..given.clone() },
        ] {
            assert!(!is_granted(home, &run, &other), "{other:?}");
        }
        assert!(grant(home, &run, &given).is_err());
        fs::set_permissions(path(home, &run), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(!is_granted(home, &run, &given));
        revoke(home, &run);
        revoke(home, &run);
        fs::write(home.join("elsewhere"), approval_digest(&run, &given)).unwrap();
        std::os::unix::fs::symlink(home.join("elsewhere"), path(home, &run)).unwrap();
        assert!(!is_granted(home, &run, &given));
    }
}
