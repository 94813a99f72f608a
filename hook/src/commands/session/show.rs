//! `baton session show`.

use agent_baton_core::process::Live;
use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::roster::see;
use crate::commands::view::{LaunchView, SessionView};
use crate::commands::which::Which;
use crate::words;

/// Shows one session whole.
#[derive(Args)]
pub struct Show {
    #[command(flatten)]
    which: Which,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// Not found, ambiguous, or unreadable.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let (session, archived) = context.session(&self.which.find(&context)?)?;
        let view = SessionView::new(&see(&context, session, archived));
        if self.json { print::json(&view) } else { print::lines(&text(&view)) }
    }
}

fn text(session: &SessionView) -> String {
    let mut rows = vec![("session", format!("{} ({})", session.id, session.agent))];
    if let Some(name) = &session.name {
        rows.push(("name", words::clean(name.as_str())));
    }
    rows.push(("status", format!("{} since {}", session.status_word(), session.since)));
    for launch in &session.launches {
        rows.push(("launch", launch_text(launch)));
    }
    for run in &session.runs {
        rows.push(("run", run.to_string()));
    }
    let texts = [("project", &session.project), ("directory", &session.cwd), ("transcript", &session.transcript)];
    rows.extend(
        texts.into_iter().filter_map(|(label, value)| value.as_deref().map(|value| (label, words::clean(value)))),
    );
    let marks = [("pinned", session.pinned), ("headless", session.headless), ("archived", session.archived)];
    let marks: Vec<&str> = marks.into_iter().filter_map(|(word, holds)| holds.then_some(word)).collect();
    if !marks.is_empty() {
        rows.push(("marks", marks.join(", ")));
    }
    rows.push(("seen", session.created_at.clone()));
    if let Some((at, reason)) = session.over_at.as_ref().zip(session.over_reason) {
        rows.push(("over", format!("{at} ({reason})")));
    }
    rows.iter().map(|(label, value)| format!("{label:<12}{value}\n")).collect()
}

fn launch_text(launch: &LaunchView) -> String {
    let live = match launch.live {
        Live::Yes => "alive".to_owned(),
        Live::Unknown => "nobody can tell whether it lives".to_owned(),
        Live::No => launch.ended_reason.map_or_else(|| "gone".to_owned(), |reason| format!("over ({reason})")),
    };
    format!("pid {} in {}, since {}: {live}", launch.process.pid, words::pane(&launch.pane), launch.started_at)
}
