//! Small file systems that belong to a test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A tmpfs, unmounted when dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts a tmpfs of this many KiB at `at`, with mode 0700. Returns `None` if mounting is not permitted, and
    /// prints the reason, so that a skipped test is visible.
    #[must_use]
    pub fn tmpfs(at: &Path, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={kib}k,mode=0700");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        match output {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            Ok(output) => skip(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => skip(&error.to_string()),
        }
    }

    /// Makes it read-only, or writable again.
    pub fn read_only(&self, read_only: bool) {
        let option = if read_only { "remount,ro" } else { "remount,rw" };
        let status = Command::new("mount").args(["-o", option]).arg(&self.0).status().unwrap();
        assert!(status.success(), "{option} {}", self.0.display());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

fn skip(why: &str) -> Option<Mount> {
    crate::skip(&format!("this case needs the right to mount a tmpfs: {why}"));
    None
}
