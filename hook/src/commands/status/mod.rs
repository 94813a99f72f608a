//! `baton`, `baton status`: what waits for the person, what is alive, which runs are whose.

mod line;
mod report;
mod text;

use std::ffi::OsString;

use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::roster::Roster;
use crate::commands::short_ids::ShortIds;
use crate::words;

pub use report::StatusView;

/// Shows what waits for you, what is alive, and what was lost.
#[derive(Args)]
pub struct Status {
    /// Print it as JSON
    #[arg(long, conflicts_with = "line")]
    json: bool,
    /// Print one line of counts, for a status bar
    #[arg(long)]
    line: bool,
}

impl Status {
    /// What `baton` does without a command.
    pub const PLAIN: Self = Self { json: false, line: false };

    /// `baton status --line` as status bars call it, every few seconds: taking the command line apart with clap would cost a part of it.
    #[must_use]
    pub fn from_plain_arguments(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        arguments.next()?;
        let words = [arguments.next()?, arguments.next()?];
        let [status, flag] = words.each_ref().map(|word| word.to_str());
        let plain = arguments.next().is_none() && status? == "status" && flag? == "--line";
        plain.then_some(Self { json: false, line: true })
    }

    /// Shows it, and gives the exit status.
    #[must_use]
    pub fn finish(self) -> u8 {
        self.run().map_or_else(|error| error.report(), |()| 0)
    }

    /// Shows it.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let roster = Roster::new(&context);
        let seen = roster.now()?;
        if self.line {
            return print::lines(&line::line(&seen));
        }
        for (id, why) in &seen.unreadable {
            let why = why.as_ref().map_or_else(|| "cannot be read".to_owned(), ToString::to_string);
            print::say(&format!("{id}: {}", words::clean(&why)));
        }
        if self.json {
            return print::json(&StatusView::new(&seen));
        }
        let ids = ShortIds::beside_newest(&roster, &seen.sessions)?;
        print::lines(&text::text(&seen, &ids, &context.now(), &print::Terminal::of_stdout()))
    }
}
