//! `baton project list`.

use std::path::Path;

use clap::Args;

use super::view::ProjectView;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::protect::Record;
use crate::words;

/// Lists the projects with protected files, and those of which something is kept.
#[derive(Args)]
pub struct List {
    /// Print a list of projects as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists them. A record that cannot be read is named on stderr, and stops nothing.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let config = context.settings().config();
        let mut records = Vec::new();
        for vault in context.store().vaults()? {
            match super::read(&vault, None) {
                Ok(record) => records.extend(record),
                Err(error) => print::say(&error.to_string()),
            }
        }
        for named in &config.protect {
            let path = named.project.canonicalize().unwrap_or_else(|_| named.project.clone()).display().to_string();
            let torn = || context.store().vault(&path).record().is_ok_and(|bytes| bytes.is_some());
            if records.iter().all(|record| record.project != path) && !torn() {
                records.push(Record::new(path));
            }
        }
        records.sort_by(|a, b| a.project.cmp(&b.project));
        let views = records
            .iter()
            .map(|record| {
                let vault = context.store().vault(&record.project);
                ProjectView::new(&context, record, &config.protected(Path::new(&record.project)), &vault)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(problem) = context.settings().problem() {
            print::say(&problem.to_string());
        }
        if self.json {
            return print::json(&views);
        }
        if views.is_empty() {
            return print::lines("no protected files\n");
        }
        print::lines(&print::table(&views.iter().map(row).collect::<Vec<_>>()))
    }
}

fn row(view: &ProjectView) -> Vec<String> {
    let there = match view.present.len() {
        0 => "nobody".to_owned(),
        1 => "1 session".to_owned(),
        many => format!("{many} sessions"),
    };
    vec![words::clean(&view.project), view.state_words(), there, words::clean(&view.paths.join(" "))]
}
