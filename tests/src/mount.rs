//! Small file systems that belong to a test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Mounts a FUSE file system whose requests nobody answers, and says so. The kernel needs the descriptor to stay open.
const UNANSWERED: &str =
    "exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=$UID,group_id=0 unanswered \"$1\" &&
                          echo mounted && read -r over";

/// A file system, unmounted when dropped.
pub struct Mount {
    at: PathBuf,
    /// Has the descriptor of a FUSE file system.
    server: Option<Child>,
}

impl Mount {
    /// Mounts a tmpfs of this many KiB at `at`, with mode 0700. Returns `None` if mounting is not permitted, and
    /// prints the reason, so that a skipped test is visible.
    #[must_use]
    pub fn tmpfs(at: &Path, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={kib}k,mode=0700");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        match output {
            Ok(output) if output.status.success() => Some(Self { at: at.to_owned(), server: None }),
            Ok(output) => skip("tmpfs", &String::from_utf8_lossy(&output.stderr)),
            Err(error) => skip("tmpfs", &error.to_string()),
        }
    }

    /// Mounts a file system that answers no request, as one whose server is gone. Returns `None` like
    /// [`tmpfs`](Self::tmpfs).
    #[must_use]
    pub fn unanswered(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut bash = Command::new("/bin/bash");
        bash.args(["-c", UNANSWERED, "bash"]).arg(at).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = bash.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said == "mounted\n" {
            return Some(Self { at: at.to_owned(), server: Some(server) });
        }
        let output = server.wait_with_output().unwrap();
        skip("FUSE file system", &String::from_utf8_lossy(&output.stderr))
    }

    /// Makes it read-only, or writable again.
    pub fn read_only(&self, read_only: bool) {
        let option = if read_only { "remount,ro" } else { "remount,rw" };
        let status = Command::new("mount").args(["-o", option]).arg(&self.at).status().unwrap();
        assert!(status.success(), "{option} {}", self.at.display());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.at).status());
        if let Some(server) = &mut self.server {
            drop(server.kill().and_then(|()| server.wait()));
        }
    }
}

fn skip(kind: &str, why: &str) -> Option<Mount> {
    crate::skip(&format!("this case needs the right to mount a {kind}: {why}"));
    None
}
