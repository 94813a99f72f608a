//! `baton replay`: decides recorded decisions again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_core_host::Core;
use baton_display::{format_count, strip_control_chars_by_line};
use baton_store::AuditLine;

/// Decide recorded decisions again with the core of this program, and report differences. Nothing is changed.
#[derive(Args)]
pub struct Replay {
    /// File of audit lines [default: the audit of the state]
    file: Option<PathBuf>,
}

/// How many decisions gave which result.
#[derive(Default)]
struct Tally {
    same: usize,
    different: usize,
    without_request: usize,
}

impl Replay {
    /// Prints a line for each decision that differs, and a summary.
    ///
    /// # Errors
    /// Returns an error if decisions differ, if the file or the audit cannot be read, or if the core fails.
    pub fn run(self) -> Result<(), CommandError> {
        let (lines, skipped) = match &self.file {
            Some(path) => read_file(path)?,
            None => read_audit()?,
        };
        let core = Core::load()?;
        let (mut tally, mut text) = (Tally::default(), String::new());
        for line in &lines {
            match compare(&core, line)? {
                None => tally.without_request += 1,
                Some(parts) if parts.is_empty() => tally.same += 1,
                Some(parts) => {
                    tally.different += 1;
                    text.push_str(&format!("decision {}: {}\n", line.n, parts.join("; ")));
                }
            }
        }
        let Tally { same, different, without_request } = tally;
        text.push_str(&format!(
            "{}: {same} unchanged, {different} different, {without_request} recorded without a request\n",
            format_count(lines.len(), "decision", "decisions")
        ));
        output::print(&strip_control_chars_by_line(&text))?;
        if skipped > 0 {
            output::notice(&format!(
                "skipped {} that this version cannot read",
                format_count(usize::try_from(skipped).unwrap_or(usize::MAX), "line", "lines")
            ));
        }
        match different {
            0 => Ok(()),
            _ => Err(CommandError::failed(format!(
                "{} with the rules of this version",
                format_count(different, "recorded decision differs", "recorded decisions differ")
            ))),
        }
    }
}

/// Returns the lines of a file in order, and how many could not be read.
fn read_file(path: &Path) -> Result<(Vec<AuditLine>, u64), CommandError> {
    let failed = |source: std::io::Error| CommandError::cannot("read", path.display(), source);
    let (mut lines, mut skipped) = (Vec::new(), 0);
    for bytes in BufReader::new(File::open(path).map_err(failed)?).split(b'\n') {
        let bytes = bytes.map_err(failed)?;
        match serde_json::from_slice(&bytes) {
            Ok(line) => lines.push(line),
            Err(_) if bytes.is_empty() => {}
            Err(_) => skipped += 1,
        }
    }
    Ok((lines, skipped))
}

/// Returns the audit of the state, oldest first.
fn read_audit() -> Result<(Vec<AuditLine>, u64), CommandError> {
    let mut audit = Context::open()?.audit()?;
    let mut lines: Vec<AuditLine> = audit.by_ref().collect();
    lines.reverse();
    Ok((lines, audit.skipped()))
}

/// Returns how a decision differs now, or `None` if the line does not contain the request.
fn compare(core: &Core, line: &AuditLine) -> Result<Option<Vec<String>>, CommandError> {
    let (Some(request), Some(decision)) = (&line.request, &line.decision) else { return Ok(None) };
    let reply = core.decide_bytes(request.get().as_bytes())?;
    // A decision that is not JSON differs from every other, so it is reported.
    let [was, now] =
        [decision.get().as_bytes(), &reply].map(|bytes| serde_json::from_slice(bytes).unwrap_or(Value::Null));
    let parts = ["protocol", "changes", "notifications"].into_iter().filter(|part| was.get(part) != now.get(part));
    let mut parts: Vec<String> = parts.map(|part| format!("{part} differ")).collect();
    if reasons(&was) != reasons(&now) {
        parts.insert(0, format!("reasons were {}, are now {}", reasons(&was), reasons(&now)));
    }
    Ok(Some(parts))
}

/// Returns the reason codes of a decision, the first one first.
fn reasons(decision: &Value) -> String {
    let also = decision.get("also").and_then(Value::as_array).into_iter().flatten();
    let rows = decision.get("reason").into_iter().chain(also);
    rows.map(|row| row.as_str().unwrap_or("?")).collect::<Vec<_>>().join(" ")
}
