//! `baton log`: prints the decisions.

use std::collections::VecDeque;

use baton_display::{format_local, strip_control_chars};
use clap::Args;

use crate::args::record;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_store::{AuditLine, AuditReader};

/// Print the recorded decisions, newest last.
#[derive(Args)]
pub struct Log {
    /// Number of decisions
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Only decisions about this session or run: its id or a unique part of it, or its name
    #[arg(long, value_name = "ID")]
    about: Option<String>,
    /// Only decisions with a higher number than this, the oldest of them
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// Print one JSON object per line, as stored
    #[arg(long)]
    json: bool,
}

impl Log {
    /// Prints the decisions.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let about = self.about.as_deref().map(|text| record::resolve(&context, text)).transpose()?;
        let about = |line: &AuditLine| about.as_ref().is_none_or(|ids| ids.iter().any(|id| line.names(id)));
        let mut audit = context.audit()?;
        let mut lines = VecDeque::new();
        match self.after {
            None => audit.by_ref().filter(about).take(self.limit).for_each(|line| lines.push_front(line)),
            Some(after) => audit.by_ref().take_while(|line| line.n > after).filter(about).for_each(|line| {
                lines.push_front(line);
                lines.truncate(self.limit);
            }),
        }
        note_skipped(&audit);
        if self.json {
            let lines = lines.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
            let lines = lines.map_err(|error| CommandError::output(error.into()))?;
            return output::print(&lines.into_iter().map(|line| line + "\n").collect::<String>());
        }
        let now = context.now();
        let rows: Vec<Row> = lines
            .iter()
            .map(|line| {
                let of = line.asked.session.as_ref().map(ToString::to_string);
                let of = of.or_else(|| line.asked.run.as_ref().map(ToString::to_string));
                // An action of a user has no session as its subject. Use the first record that it changed.
                let of = of.or_else(|| line.changes.first().map(|change| change.id.clone())).unwrap_or_default();
                let rows = std::iter::once(&line.reason).chain(&line.also).map(String::as_str).collect::<Vec<_>>();
                Row {
                    primary: vec![
                        line.n.to_string(),
                        format_local(&line.at, &now),
                        strip_control_chars(&line.asked.what),
                    ],
                    secondary: vec![
                        strip_control_chars(&of.chars().take(8).collect::<String>()),
                        strip_control_chars(&rows.join(" ")),
                    ],
                }
            })
            .collect();
        if rows.is_empty() {
            return match (&self.about, self.after) {
                (_, Some(after)) => output::print(&format!("no decision after {after} has been recorded\n")),
                (Some(text), None) => Err(no_decision_about(text)),
                (None, None) => output::print("no decisions have been recorded yet\n"),
            };
        }
        let listing = Listing::new(&["DECISION", "TIME", "INPUT"], &["ID", "REASONS"], rows);
        output::print(&listing.render(&Terminal::stdout()))
    }
}

/// Says how many lines of the audit could not be used on the way to what was looked for.
pub(super) fn note_skipped(audit: &AuditReader) {
    let skipped = usize::try_from(audit.skipped()).unwrap_or(usize::MAX);
    if skipped > 0 {
        let lines = baton_display::format_count(skipped, "line", "lines");
        output::notice(&format!("left out {lines} of the audit that cannot be used; `baton doctor` names the file"));
    }
}

/// Returns the error for a text that no recorded decision is about.
pub(super) fn no_decision_about(text: &str) -> CommandError {
    let text = strip_control_chars(text);
    CommandError::not_found(format!("no recorded decision is about \"{text}\"")).hint("`baton log` lists the decisions")
}
