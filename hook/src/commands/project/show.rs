//! `baton project show`.

use std::path::PathBuf;

use agent_baton_core::process::Live;
use clap::Args;

use super::project_arg::ProjectArg;
use super::view::project_view;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::terminal::Terminal;

/// Show the sessions in a project, its backups and what happened.
#[derive(Args)]
pub struct Show {
    /// Path of the project [default: the current project]
    project: Option<PathBuf>,
    /// Print the project as JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows the project.
    ///
    /// # Errors
    /// Returns an error if nothing in the project is protected, or if its record cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let named = ProjectArg::resolve(&context, self.project.as_deref())?;
        let view = project_view(&context, &named.record()?, &named.paths, &named.protected_store)?;
        if self.json {
            return output::print_json(&view);
        }
        let mut rows = vec![
            ["project", &view.project].map(baton_display::strip_control_chars),
            ["protected", &view.paths.join(" ")].map(baton_display::strip_control_chars),
            ["files".to_owned(), view.state_words()],
        ];
        rows.extend(view.participants.iter().map(|participant| {
            let live = match participant.live {
                Live::Yes => "alive",
                Live::Unknown => "liveness unknown",
                Live::No => "gone",
            };
            let who = format!("{} {}, pid {}: {live}", participant.agent, participant.session, participant.process.pid);
            ["session".to_owned(), who]
        }));
        rows.extend(
            view.backups.iter().map(|archive| ["backup".to_owned(), baton_display::strip_control_chars(&archive.path)]),
        );
        rows.extend(
            view.history
                .iter()
                .map(|archive| ["history".to_owned(), baton_display::strip_control_chars(&archive.path)]),
        );
        let terminal = Terminal::stdout();
        let mut text: String = rows.iter().map(|[label, value]| format!("{label:<11}{value}\n")).collect();
        for note in &view.notes {
            text.push_str(&format!(
                "{}\n",
                terminal.wrap(&format!("{}  ", note.at), &baton_display::strip_control_chars(&note.text))
            ));
        }
        output::print(&text)
    }
}
