//! `baton project show`.

use std::path::PathBuf;

use agent_baton_core::process::Live;
use clap::Args;

use super::Named;
use super::view::ProjectView;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::words;

/// Shows who is in a project, what was saved, and what happened.
#[derive(Args)]
pub struct Show {
    /// The project's path [default: that of the present directory]
    project: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// Where nothing is protected in it, or its record cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let named = Named::find(&context, self.project.as_deref())?;
        let view = ProjectView::new(&context, &named.record()?, &named.paths, &named.vault)?;
        if self.json {
            return print::json(&view);
        }
        let mut rows = vec![
            ["project", &view.project].map(words::clean).to_vec(),
            ["protected", &view.paths.join(" ")].map(words::clean).to_vec(),
            vec!["files".to_owned(), view.state_words()],
        ];
        rows.extend(view.present.iter().map(|presence| {
            let live = match presence.live {
                Live::Yes => "alive",
                Live::Unknown => "nobody can tell whether it lives",
                Live::No => "gone",
            };
            let who = format!("{} {}, pid {}: {live}", presence.agent, presence.session, presence.process.pid);
            vec!["session".to_owned(), who]
        }));
        rows.extend(view.backups.iter().map(|pack| vec!["backup".to_owned(), words::clean(&pack.path)]));
        rows.extend(view.history.iter().map(|pack| vec!["history".to_owned(), words::clean(&pack.path)]));
        let mut text = print::table(&rows);
        for note in &view.notes {
            text.push_str(&format!("{}\n", words::wrap(&format!("{}  ", note.at), &words::clean(&note.text))));
        }
        print::lines(&text)
    }
}
