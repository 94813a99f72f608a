//! `baton` and `baton status`: what waits for the user, which sessions are alive, and who owns which run.

mod sections;
mod summary_line;

use std::ffi::OsString;

use clap::Args;

use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::report::report as print_error;
use crate::output::short_ids::ShortIds;
use baton_display::Progress;
use baton_status::{StatusReport, WatchedLoops};

/// Show what needs you, what is running and what was lost.
#[derive(Args)]
pub struct Status {
    /// Print the status as JSON
    #[arg(long, conflicts_with = "line")]
    json: bool,
    /// Print one line of counts, for a status bar
    #[arg(long)]
    line: bool,
}

impl Status {
    /// The options of `baton` without a command.
    pub const DEFAULT: Self = Self { json: false, line: false };

    /// Recognizes `baton status --line` without clap. Status bars call it every few seconds, and clap would take a
    /// part of that time.
    #[must_use]
    pub fn from_plain_arguments(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        arguments.next()?;
        let words = [arguments.next()?, arguments.next()?];
        let [status, flag] = words.each_ref().map(|word| word.to_str());
        let plain = arguments.next().is_none() && status? == "status" && flag? == "--line";
        plain.then_some(Self { json: false, line: true })
    }

    /// Shows the status and returns the exit status.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        self.run().map_or_else(|error| print_error(&error), |()| 0)
    }

    /// Shows the status.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let reader = context.session_reader();
        let progress = Progress::begin("reading the sessions", None);
        let mut loops = WatchedLoops::default();
        let report = StatusReport::read(&reader, &mut loops)?;
        drop(progress);
        if self.line {
            return output::print(&summary_line::render(&report));
        }
        for (id, why) in &report.seen.unreadable {
            let why = why.as_ref().map_or_else(|| "cannot be read".to_owned(), Advice::in_one_line);
            output::notice(&format!("{id}: {}", baton_display::strip_control_chars(&why)));
        }
        if let Some(problem) = loops.problem() {
            output::notice(&baton_display::strip_control_chars(&problem));
        }
        reader.others().more_than_read().iter().for_each(|text| output::notice(text));
        if self.json {
            return output::print_json(&report.view());
        }
        let ids = ShortIds::beside_newest(&reader, &report.seen.sessions)?;
        output::print(&sections::render(&report, &ids, &context.now(), &output::terminal::Terminal::stdout()))
    }
}
