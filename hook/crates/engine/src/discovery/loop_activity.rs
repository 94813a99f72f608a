//! What a loop works on, as the end of its log says.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use baton_fs::read::open_own;
use baton_store::progress::section::{is_task, phase_of, section_name};

/// How much of the end of a log is read, in bytes.
const MAX_TAIL_BYTES: u64 = 64 * 1024;

/// What a loop works on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoopActivity {
    /// The last section that works on a task.
    pub task: Option<String>,
    /// The last section.
    pub section: Option<String>,
    /// The phase of the last section that tells one.
    pub phase: Option<&'static str>,
}

impl LoopActivity {
    /// Reads the end of a log. What is not said there is as it was `before`.
    ///
    /// # Errors
    /// Returns an error if the log cannot be opened or read.
    pub fn read(path: &Path, before: Self) -> io::Result<Self> {
        let (file, meta) = open_own(path)?;
        let from = meta.len().saturating_sub(MAX_TAIL_BYTES);
        let mut bytes = vec![0; usize::try_from(meta.len() - from).unwrap_or(0)];
        let mut len = 0;
        while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, from + len as u64)? {
                0 => break,
                count => len += count,
            }
        }
        bytes.truncate(len);
        let text = String::from_utf8_lossy(&bytes);
        // The first line may be the end of a longer one, and the last one may be unfinished.
        let lines = text.split_inclusive('\n').skip(usize::from(from > 0)).filter(|line| line.ends_with('\n'));
        Ok(lines.fold(before, |activity, line| activity.after(line.trim_end_matches('\n'))))
    }

    /// Returns the activity after another line.
    #[must_use]
    pub fn after(self, line: &str) -> Self {
        let Some(name) = section_name(line) else { return self };
        Self {
            task: if is_task(name) { Some(name.to_owned()) } else { self.task },
            section: Some(name.to_owned()),
            phase: phase_of(name).or(self.phase),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_says_what_is_worked_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("progress-a.txt");
        let noise = "x".repeat(100) + "\n";
        let long = noise.repeat(1000);
        let known = LoopActivity { task: Some("task iteration 9".into()), section: None, phase: None };
        for (text, before, expected) in [
            ("", LoopActivity::default(), (None, None, None)),
            (
                "--- task iteration 1 ---\n",
                LoopActivity::default(),
                (Some("task iteration 1"), Some("task iteration 1"), Some("task")),
            ),
            ("--- task iteration 1 ---", LoopActivity::default(), (None, None, None)),
            (
                "--- task iteration 1 ---\nx\n--- codex iteration 1 ---\n",
                LoopActivity::default(),
                (Some("task iteration 1"), Some("codex iteration 1"), Some("codex")),
            ),
            (&format!("--- task iteration 1 ---\n{long}"), LoopActivity::default(), (None, None, None)),
            (&long, known, (Some("task iteration 9"), None, None)),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = LoopActivity::read(&path, before).unwrap();
            assert_eq!((read.task.as_deref(), read.section.as_deref(), read.phase), expected);
        }
        assert!(LoopActivity::read(dir.path(), LoopActivity::default()).is_err());
    }
}
