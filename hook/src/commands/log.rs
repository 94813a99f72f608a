//! `baton log`: the decisions.

use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::store::AuditLine;
use crate::words;

/// Prints the newest decisions, oldest of them first.
#[derive(Args)]
pub struct Log {
    /// How many
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Only those about this session or run
    #[arg(long, value_name = "ID")]
    about: Option<String>,
    /// One JSON object a line, as it is stored
    #[arg(long)]
    json: bool,
}

impl Log {
    /// Prints them.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let about = |line: &AuditLine| self.about.as_ref().is_none_or(|id| line.names(id));
        let mut newest: Vec<AuditLine> = context.audit()?.filter(about).take(self.limit).collect();
        newest.reverse();
        if self.json {
            let lines = newest.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
            let lines = lines.map_err(|error| CommandError::Output(error.into()))?;
            return print::lines(&lines.into_iter().map(|line| line + "\n").collect::<String>());
        }
        let now = context.now();
        let rows: Vec<Vec<String>> = newest
            .iter()
            .map(|line| {
                let of = line.asked.session.as_ref().map(ToString::to_string);
                let of = of.or_else(|| line.asked.run.as_ref().map(ToString::to_string));
                // What a person does is asked of no session: what it changed says of which it was.
                let of = of.or_else(|| line.changes.first().map(|change| change.id.clone())).unwrap_or_default();
                let rows = std::iter::once(&line.reason).chain(&line.also).map(String::as_str).collect::<Vec<_>>();
                vec![
                    line.n.to_string(),
                    words::local(&line.at, &now),
                    words::clean(&line.asked.what),
                    words::clean(&of.chars().take(8).collect::<String>()),
                    words::clean(&rows.join(" ")),
                ]
            })
            .collect();
        print::lines(&print::table(&rows))
    }
}
