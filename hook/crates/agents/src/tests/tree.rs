//! Chains of real processes: links to the shell that are named like agents and start one another.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, ChildStdin, Command, Stdio};

use baton_system::process_stat::ProcessStat;
use baton_system::{CurrentProcess, CurrentSystem, ProcessLookup, System};

/// Prints its pid, starts the next program of its arguments with itself, and waits for the end of stdin.
const SCRIPT: &str = "echo $$; if [ $# -gt 0 ]; then n=$1; shift; \"$D/$n\" \"$D/script\" \"$@\"; exit; fi; read -r _";

/// A chain of real processes, outermost first. They end when their stdin ends.
pub(super) struct Tree {
    pub(super) dir: tempfile::TempDir,
    child: Child,
    stdin: Option<ChildStdin>,
    pub(super) pids: Vec<u32>,
}

impl Tree {
    pub(super) fn start(names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("script"), SCRIPT).unwrap();
        for name in names {
            let _ = symlink("/bin/sh", dir.path().join(name));
        }
        let mut child = Command::new(dir.path().join(names[0]))
            .arg(dir.path().join("script"))
            .args(&names[1..])
            .env("D", dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let pids: Vec<_> = lines.take(names.len()).map(|line| line.unwrap().parse().unwrap()).collect();
        let stdin = child.stdin.take();
        Self { dir, child, stdin, pids }
    }

    /// Returns what a child of the innermost process would see as the current process.
    pub(super) fn here(&self) -> CurrentProcess {
        let own = CurrentSystem.current_process().unwrap();
        CurrentProcess { start: u64::MAX, parent: *self.pids.last().unwrap(), ..own }
    }

    pub(super) fn stat(&self, index: usize) -> ProcessStat {
        let ProcessLookup::Found(stat) = CurrentSystem.process(self.pids[index]) else {
            panic!("process {index} is not seen")
        };
        stat
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}
