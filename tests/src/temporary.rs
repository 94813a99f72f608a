//! Chooses the directory for temporary files.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::sys::statvfs::{FsFlags, statvfs};

/// How many bytes a run of the tests needs at most.
const NEEDED_BYTES: u64 = 1 << 30;

/// Returns the directory for the tests' temporary files: `TMPDIR`, or one in memory, where a change of the state
/// takes a third of the time, or one on a disk. It is outside any worktree, because the program refuses a state
/// directory inside one.
pub fn dir() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let wished = std::env::var_os("TMPDIR").map(PathBuf::from);
        wished
            .into_iter()
            .chain(in_memory())
            .chain(on_disk())
            .find_map(usable)
            .expect("a directory for temporary files outside any worktree; set TMPDIR")
    })
}

/// Returns a directory on a disk, for a test of what the file system does, or `None` if there is no disk.
pub fn disk_dir() -> Option<PathBuf> {
    on_disk().find_map(usable)
}

/// Returns a directory in memory from which programs can be executed, with enough space: a container may have only 64
/// MiB.
fn in_memory() -> Option<PathBuf> {
    let dir = Path::new("/dev/shm");
    let stat = statvfs(dir).ok()?;
    let free = stat.blocks_available() as u64 * stat.fragment_size() as u64;
    (free >= NEEDED_BYTES && !stat.flags().contains(FsFlags::ST_NOEXEC)).then(|| dir.to_owned())
}

fn on_disk() -> impl Iterator<Item = PathBuf> {
    ["/tmp", "/var/tmp"].into_iter().map(PathBuf::from)
}

fn usable(dir: PathBuf) -> Option<PathBuf> {
    let dir = dir.canonicalize().ok()?;
    let in_worktree = dir.ancestors().any(|above| above.join(".git").exists());
    let writable = tempfile::tempfile_in(&dir).is_ok();
    (!in_worktree && writable).then_some(dir)
}
