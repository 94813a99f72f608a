//! Reads a progress log that ralphex or baton wrote: its header, and how it ended.
//!
//! The file may be another program's, incomplete, or hostile. Reads have a maximum size, and the content is only
//! parsed, never trusted. Its texts are raw, so whoever displays them must sanitize them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use baton_fs::read::open_own;

/// How much of the beginning is read for the header, in bytes.
pub const MAX_HEADER: usize = 64 * 1024;

/// How much is read at first. Nearly every header is shorter.
const USUAL_HEADER: usize = 2 * 1024;

/// How much of the end is read for the footer, in bytes. ralphex cuts a reason off at 200 characters.
pub const MAX_FOOTER: usize = 4 * 1024;

/// The line that ends a header and begins a footer.
pub const RULE: &str = "------------------------------------------------------------";

/// The format of times, which are local and have no time zone.
pub const MOMENT_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The fields of a header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The plan, or the name of the run.
    pub plan: Option<String>,
    /// The copy of the plan in a worktree.
    pub worktree_plan: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// What kind of loop it is.
    pub mode: Option<String>,
    /// The agent that does the work.
    pub executor: Option<String>,
    /// The model that makes the plan.
    pub plan_model: Option<String>,
    /// The model that does the work.
    pub task_model: Option<String>,
    /// The model that reviews it.
    pub review_model: Option<String>,
    /// When it started, in the local time of the program that wrote it.
    pub started: Option<String>,
    /// Whether the line of dashes was read. Without it, the header may be incomplete, so its values are not reliable.
    #[serde(skip)]
    pub complete: bool,
}

/// How a log ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Without a footer: the run continues, or it was killed. Only its process and its lock show which.
    Open,
    /// The run is done.
    Completed,
    /// The run failed, with the reason.
    Failed(Option<String>),
    /// A user cancelled the run, with the reason (baton).
    Cancelled(Option<String>),
}

/// The parts of a log that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressLog {
    /// Its header.
    pub header: Header,
    /// How it ends. It is `Open` while the header is incomplete.
    pub ending: Ending,
    /// Its size, in bytes.
    pub size: u64,
}

impl ProgressLog {
    /// Reads the log at a path: at most [`MAX_HEADER`] bytes of its beginning and [`MAX_FOOTER`] bytes of its end.
    ///
    /// # Errors
    /// Returns an error if the file cannot be opened or read. The error is `InvalidInput` if it is a symlink or not a
    /// regular file of this user.
    pub fn read(path: &Path) -> io::Result<Self> {
        let (file, meta) = open_own(path)?;
        let size = meta.len();
        let mut header = Header::parse(&read_chunk(&file, 0, USUAL_HEADER)?);
        if !header.complete && size > USUAL_HEADER as u64 {
            header = Header::parse(&read_chunk(&file, 0, MAX_HEADER)?);
        }
        let from = size.saturating_sub(MAX_FOOTER as u64);
        let ending = if header.complete { Ending::parse(&read_chunk(&file, from, MAX_FOOTER)?) } else { Ending::Open };
        Ok(Self { header, ending, size })
    }
}

/// Reads at most `cap` bytes from an offset. Bytes that are not UTF-8 are replaced.
fn read_chunk(file: &File, from: u64, cap: usize) -> io::Result<String> {
    let mut bytes = vec![0; cap];
    let mut len = 0;
    while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + len as u64) {
            Ok(0) => break,
            Ok(count) => len += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Header {
    /// Returns when the run started, in milliseconds since 1970-01-01 UTC. The header has no time zone, so it is read as a
    /// time of this machine.
    #[must_use]
    pub fn started_ms(&self) -> Option<u64> {
        let started: DateTime = self.started.as_deref()?.parse().ok()?;
        let instant = started.to_zoned(TimeZone::system()).ok()?.timestamp();
        u64::try_from(instant.as_millisecond()).ok()
    }

    /// Parses the beginning of a log. A last line without a line break is incomplete and is ignored.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut header = Self::default();
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        for line in whole.map(|line| line.trim_end_matches('\r')) {
            if line.starts_with("---") {
                header.complete = true;
                break;
            }
            header.set_field(line);
        }
        header
    }

    fn set_field(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(": ") else { return };
        let field = match name {
            "Plan" => &mut self.plan,
            "Worktree plan" => &mut self.worktree_plan,
            "Branch" => &mut self.branch,
            "Mode" => &mut self.mode,
            "Executor" => &mut self.executor,
            "Plan model" => &mut self.plan_model,
            "Task model" => &mut self.task_model,
            "Review model" => &mut self.review_model,
            "Started" => {
                self.started = DateTime::strptime(MOMENT_FORMAT, value).ok().map(|started| started.to_string());
                return;
            }
            _ => return,
        };
        *field = Some(value.to_owned());
    }
}

impl Ending {
    /// Parses the end of a log. A footer counts only if nothing follows it. An earlier one belongs to a previous
    /// attempt or is the output of a program.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut lines = text.trim_end().rsplit('\n').map(|line| line.trim_end_matches('\r'));
        let (last, before) = (lines.next().unwrap_or_default(), lines.next());
        if before != Some(RULE) {
            return Self::Open;
        }
        let Some((word, (at, rest))) =
            last.split_once(": ").and_then(|(word, rest)| Some((word, rest.split_once(" (")?)))
        else {
            return Self::Open;
        };
        if DateTime::strptime(MOMENT_FORMAT, at).is_err() {
            return Self::Open;
        }
        let why = || rest.split_once(") - ").map(|(_, why)| why.to_owned());
        match word {
            "Completed" => Self::Completed,
            "Failed" => Self::Failed(why()),
            "Cancelled" => Self::Cancelled(why()),
            _ => Self::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_stands_above_the_dashes() {
        let header = Header::parse(
            "# Ralphex Progress Log\nPlan: p.md\nWorktree plan: w.md\nBranch: b\r\nMode: full\nExecutor: codex\nPlan model: m1:high\n\
             Task model: m2\nReview model: m3:low\nOdd: 1\nStarted: 2026-04-05 08:00:00\n---\nPlan: other\n",
        );
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            header,
            Header {
                plan: some("p.md"),
                worktree_plan: some("w.md"),
                branch: some("b"),
                mode: some("full"),
                executor: some("codex"),
                plan_model: some("m1:high"),
                task_model: some("m2"),
                review_model: some("m3:low"),
                started: some("2026-04-05T08:00:00"),
                complete: true,
            }
        );
    }

    #[test]
    fn a_header_that_is_being_written_is_not_complete() {
        for (text, plan, complete) in [
            ("# Ralphex Progress Log\nPlan: p.md\n", Some("p.md"), false),
            ("# Ralphex Progress Log\nPlan: p.m", None, false),
            ("# Ralphex Progress Log\nBranch: b\n--", None, false),
            ("# Ralphex Progress Log\nBranch: b\n---", None, false),
            ("# Ralphex Progress Log\nBranch: b\n---\n", None, true),
            ("Started: soon\n---\n", None, true),
            ("", None, false),
        ] {
            let header = Header::parse(text);
            assert_eq!((header.plan.as_deref(), header.complete), (plan, complete), "{text:?}");
            assert_eq!(header.started, None, "{text:?}");
        }
    }

    #[test]
    fn only_the_very_end_is_a_footer() {
        let footer = |line: &str| format!("text\n{RULE}\n{line}\n");
        let why = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            (footer("Completed: 2026-04-05 08:00:00 (1m2s)"), Ending::Completed),
            (footer("Completed: 2026-04-05 08:00:00 (0s)").replace('\n', "\r\n"), Ending::Completed),
            (footer("Failed: 2026-04-05 08:00:00 (1m2s) - no - way"), Ending::Failed(why("no - way"))),
            (footer("Failed: 2026-04-05 08:00:00 (1m2s)"), Ending::Failed(None)),
            (footer("Cancelled: 2026-04-05 08:00:00 (1m2s) - enough"), Ending::Cancelled(why("enough"))),
            (footer("Completed: 2026-04-05 08:00:00 (0s)") + "--- restarted at y ---\n", Ending::Open),
            (footer("Completed"), Ending::Open),
            (footer("Finished: x"), Ending::Open),
            ("Completed: x\n".to_owned(), Ending::Open),
            (format!("[26-04-05 08:00:00] {RULE}\nCompleted: x\n"), Ending::Open),
            (format!("{RULE}\n[26-04-05 08:00:00] Completed: x\n"), Ending::Open),
            (String::new(), Ending::Open),
        ] {
            assert_eq!(Ending::parse(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn reads_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("progress-a.txt");
        std::fs::write(&path, format!("Plan: {}\n---\n", "p".repeat(MAX_HEADER))).unwrap();
        assert!(!ProgressLog::read(&path).unwrap().header.complete);
        let footer = format!("\n{RULE}\nCompleted: 2026-04-05 08:00:00 (0s)\n");
        std::fs::write(&path, format!("Plan: p\n---\n{}{footer}", "x".repeat(10 * MAX_HEADER))).unwrap();
        let log = ProgressLog::read(&path).unwrap();
        assert_eq!((log.header.plan.as_deref(), log.ending), (Some("p"), Ending::Completed));
        // A footer has no meaning while the header is incomplete.
        std::fs::write(&path, format!("Plan: p{footer}").replacen(RULE, "", 1)).unwrap();
        assert_eq!(ProgressLog::read(&path).unwrap().ending, Ending::Open);
        std::os::unix::fs::symlink(&path, dir.path().join("link")).unwrap();
        assert!(ProgressLog::read(&dir.path().join("link")).is_err());
        assert!(ProgressLog::read(dir.path()).is_err());
    }
}
