//! `baton session show`.

use std::path::Path;

use agent_baton_core::event::LastTurn;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use clap::Args;

use crate::agents::row;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::roster::see;
use crate::commands::view::{ChunkView, KeptView, LaunchView, SessionView};
use crate::commands::which::Which;
use crate::store::Chunk;
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
        let kept = kept(&context, &session.id)?;
        let last_turn = session.transcript.as_deref().map(|path| row(session.agent).last_turn(Path::new(path)));
        let view = SessionView { last_turn, kept: Some(kept), ..SessionView::new(&see(&context, session, archived)) };
        if self.json { print::json(&view) } else { print::lines(&text(&view)) }
    }
}

fn kept(context: &Context, session: &SessionId) -> Result<KeptView, CommandError> {
    let view = |chunk: Chunk| ChunkView { number: chunk.number, topics: chunk.topics };
    Ok(KeptView {
        messages: context.store().conversation(session)?.messages.len(),
        chunks: context.store().chunks(session)?.into_iter().map(view).collect(),
    })
}

/// How the newest turn stands, for a person; none where nothing is known of it.
const fn turn_words(turn: LastTurn, live: Live) -> Option<&'static str> {
    match (turn, live) {
        (LastTurn::Unknown, _) => None,
        (LastTurn::Ended, _) => Some("ended"),
        (_, Live::Yes) => Some("under way"),
        (LastTurn::CutPrompt, Live::No) => Some("cut off: its last prompt got no answer"),
        (LastTurn::CutTool, Live::No) => Some("cut off: a call of a tool in it got no result"),
        (LastTurn::CutPrompt | LastTurn::CutTool, Live::Unknown) => Some("has no answer yet"),
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
    if let Some(words) = session.last_turn.and_then(|turn| turn_words(turn, session.live)) {
        rows.push(("last turn", words.to_owned()));
    }
    if let Some(kept) = session.kept.as_ref().filter(|kept| kept.messages > 0) {
        rows.push(("messages", kept.messages.to_string()));
    }
    for chunk in session.kept.iter().flat_map(|kept| &kept.chunks) {
        let topics = chunk.topics.as_deref().map(words::clean).unwrap_or_default();
        rows.push(("chunk", format!("{} {topics}", chunk.number).trim_end().to_owned()));
    }
    let marks = [("pinned", session.pinned), ("headless", session.headless), ("archived", session.archived)];
    let marks: Vec<&str> = marks.into_iter().filter_map(|(word, holds)| holds.then_some(word)).collect();
    if !marks.is_empty() {
        rows.push(("marks", marks.join(", ")));
    }
    rows.push(("seen", session.created_at.clone()));
    if let Some((at, reason)) = session.over_at.as_ref().zip(session.over_reason) {
        rows.push(("over", format!("{at} ({reason})")));
    }
    let row = |(label, value): &(&str, String)| match *label {
        "chunk" => format!("{}\n", words::wrap(&format!("{label:<12}"), value)),
        _ => format!("{label:<12}{value}\n"),
    };
    rows.iter().map(row).collect()
}

fn launch_text(launch: &LaunchView) -> String {
    let live = match launch.live {
        Live::Yes => "alive".to_owned(),
        Live::Unknown => "nobody can tell whether it lives".to_owned(),
        Live::No => launch.ended_reason.map_or_else(|| "gone".to_owned(), |reason| format!("over ({reason})")),
    };
    format!("pid {} in {}, since {}: {live}", launch.process.pid, words::pane(&launch.pane), launch.started_at)
}
