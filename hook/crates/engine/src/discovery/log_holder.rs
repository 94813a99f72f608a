//! Who holds the lock of a progress log.

use std::fs;
use std::os::unix::fs::MetadataExt;

use baton_system::lock_table::{FileId, LockTable};

/// Returns another process than `own` that holds the lock of a log. It is 0 if its pid is not visible from here.
pub(super) fn log_holder(locks: &LockTable, file: FileId, own: u32) -> Option<u32> {
    // Most logs have no holder, so nothing is asked of the system before there is one.
    let counts_here = |pid: u32| counts(owner(pid), nix::unistd::geteuid().as_raw());
    locks.holders(file).iter().copied().find(|pid| *pid != own && counts_here(*pid))
}

/// Returns the account of a process, as far as it can be told.
fn owner(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|meta| meta.uid())
}

/// Returns whether a lock says that a loop runs. Another account can lock a file that it may only read. A process that
/// nobody may inspect is root's in `/proc`.
const fn counts(owner: Option<u32>, account: u32) -> bool {
    match owner {
        Some(owner) => owner == account || owner == 0,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_another_account_does_not_count() {
        for (owner, expected) in [(Some(1000), true), (Some(0), true), (Some(1001), false), (None, true)] {
            assert_eq!(counts(owner, 1000), expected, "{owner:?}");
        }
        assert_eq!(owner(std::process::id()), Some(nix::unistd::geteuid().as_raw()));
        assert_eq!(owner(0), None);
    }

    #[test]
    fn the_holder_is_another_process() {
        let own = std::process::id();
        let locks = LockTable::parse(&format!(
            "1: FLOCK ADVISORY WRITE {own} 08:01:1 0 EOF\n2: OFDLCK ADVISORY WRITE -1 08:01:2 0 EOF\n"
        ));
        let locks = locks.unwrap();
        for (inode, not, expected) in [(1, own, None), (1, 0, Some(own)), (2, own, Some(0)), (3, own, None)] {
            assert_eq!(log_holder(&locks, FileId { device: (8, 1), inode }, not), expected, "{inode} {not}");
        }
    }
}
