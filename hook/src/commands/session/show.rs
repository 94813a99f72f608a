//! `baton session show`.

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::view::{LaunchView, SessionView};
use crate::words;

/// Shows one session whole.
#[derive(Args)]
pub struct Show {
    /// The session: its id, or the beginning of it
    session: String,
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
        let (session, archived) = context.session(&find(&context, &self.session)?)?;
        let view = SessionView::new(&session, &context.launch_lives(&session), archived);
        if self.json { print::json(&view) } else { print::lines(&text(&view)) }
    }
}

/// The session with this id; else the one whose id begins so. The empty text names none.
fn find(context: &Context, text: &str) -> Result<SessionId, CommandError> {
    let none = || {
        CommandError::NotFound(format!(
            "no session is called {:?}; `baton session list --all` lists them",
            words::clean(text)
        ))
    };
    if text.is_empty() {
        return Err(none());
    }
    if let Ok(id) = text.parse::<SessionId>()
        && context.has_session(&id)
    {
        return Ok(id);
    }
    let fits: Vec<_> =
        context.sessions(true)?.into_iter().filter(|(session, _)| session.id.as_str().starts_with(text)).collect();
    match fits.as_slice() {
        [(session, _)] => Ok(session.id.clone()),
        [] => Err(none()),
        _ => Err(CommandError::Ambiguous {
            what: format!("{} sessions begin with {:?}", fits.len(), words::clean(text)),
            candidates: fits
                .iter()
                .map(|(session, _)| format!("  {}  {}", session.id, session.agent))
                .collect::<Vec<_>>()
                .join("\n"),
        }),
    }
}

fn text(session: &SessionView) -> String {
    let mut rows = vec![("session", format!("{} ({})", session.id, session.agent))];
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
