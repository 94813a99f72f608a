//! `baton project list`.

use std::path::Path;

use clap::Args;

use super::project_arg::read_record;
use super::view::project_view;
use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_protect::ProjectRecord;
use baton_status::ProjectView;

/// List the projects with protected files or backups.
#[derive(Args)]
pub struct List {
    /// Print the projects as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists the projects. A record that cannot be read is reported on stderr and does not stop the list.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let config = context.settings().config();
        let mut records = Vec::new();
        for protected_store in context.store().protected_stores()? {
            match read_record(&protected_store, None) {
                Ok(record) => records.extend(record),
                Err(error) => output::notice(&error.in_one_line()),
            }
        }
        for named in &config.protect {
            let path = named.project.canonicalize().unwrap_or_else(|_| named.project.clone()).display().to_string();
            let torn = || context.store().protected_store(&path).record().is_ok_and(|bytes| bytes.is_some());
            if records.iter().all(|record| record.project != path) && !torn() {
                records.push(ProjectRecord::new(path));
            }
        }
        records.sort_by(|a, b| a.project.cmp(&b.project));
        let views = records
            .iter()
            .map(|record| {
                let protected_store = context.store().protected_store(&record.project);
                project_view(&context, record, &config.protected(Path::new(&record.project)), &protected_store)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(problem) = context.settings().problem() {
            output::notice(&problem.in_one_line());
        }
        if self.json {
            return output::print_json(&views);
        }
        if views.is_empty() {
            return output::print("no protected files; add a [[protect]] section to the configuration\n");
        }
        let rows = views.iter().map(row).collect();
        output::print(&Listing::new(&["PROJECT", "FILES"], &["SESSIONS", "PATHS"], rows).render(&Terminal::stdout()))
    }
}

fn row(view: &ProjectView) -> Row {
    Row {
        primary: vec![baton_display::strip_control_chars(&view.project), view.state_words()],
        secondary: vec![view.open_launches().to_string(), baton_display::strip_control_chars(&view.paths.join(" "))],
    }
}
