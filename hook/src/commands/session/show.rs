//! `baton session show`.

use std::path::PathBuf;

use agent_baton_core::event::LastTurn;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::session::Launch;
use agent_baton_core::stamp::Stamp;
use clap::Args;

use crate::agents::{Gauge, row};
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::roster::{Roster, Seen};
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
        let (row, transcript) = (row(session.agent), session.transcript.clone().map(PathBuf::from));
        let seen = Roster::new(&context).see(session, archived);
        let view = SessionView {
            last_turn: transcript.as_deref().map(|path| row.last_turn(path)),
            gauge: transcript.as_deref().map(|path| row.gauge(path)),
            kept: Some(kept),
            ..SessionView::new(&seen)
        };
        if self.json { print::json(&view) } else { print::lines(&text(&seen, &view, &context.now())) }
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

fn text(seen: &Seen, view: &SessionView, now: &Stamp) -> String {
    let session = &seen.session;
    let clean = |text: &Option<String>| text.as_deref().map(words::clean);
    let mut rows = vec![("session", format!("{} ({})", session.id, session.agent))];
    rows.extend(session.name.as_ref().map(|name| ("name", words::clean(name.as_str()))));
    rows.push(("status", format!("{} since {}", seen.standing.status.word(), words::local(&seen.standing.since, now))));
    let launches = session.launches.iter().zip(&view.launches);
    rows.extend(launches.map(|(launch, view)| ("launch", launch_text(launch, view, now))));
    rows.extend(view.runs.iter().map(|run| ("run", run.to_string())));
    let texts = [("project", &view.project), ("directory", &view.cwd), ("transcript", &view.transcript)];
    rows.extend(texts.into_iter().filter_map(|(label, text)| Some((label, clean(text)?))));
    rows.extend(view.gauge.iter().flat_map(gauge_rows));
    rows.extend(view.last_turn.and_then(|turn| Some(("last turn", turn_words(turn, view.live)?.to_owned()))));
    if let Some(kept) = &view.kept {
        rows.extend((kept.messages > 0).then(|| ("messages", kept.messages.to_string())));
        rows.extend(kept.chunks.iter().map(|chunk| {
            let topics = clean(&chunk.topics).unwrap_or_default();
            ("chunk", format!("{} {topics}", chunk.number).trim_end().to_owned())
        }));
    }
    let marks = [("pinned", view.pinned), ("headless", view.headless), ("archived", view.archived)];
    let marks: Vec<&str> = marks.into_iter().filter_map(|(word, holds)| holds.then_some(word)).collect();
    rows.extend((!marks.is_empty()).then(|| ("marks", marks.join(", "))));
    rows.push(("first seen", words::local(&session.created, now)));
    rows.extend(session.over.as_ref().map(|end| ("over", format!("{} ({})", words::local(&end.at, now), end.reason))));
    let row = |(label, value): &(&str, String)| match *label {
        "chunk" => format!("{}\n", words::wrap(&format!("{label:<12}"), value)),
        _ => format!("{label:<12}{value}\n"),
    };
    rows.iter().map(row).collect()
}

/// What the transcript says of the conversation, for a person.
fn gauge_rows(gauge: &Gauge) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    rows.extend(gauge.title.as_deref().map(|title| ("title", words::clean(title))));
    rows.extend(gauge.model.as_deref().map(|model| ("model", words::clean(model))));
    rows.extend(gauge.prompts.map(|prompts| {
        let more = if prompts.at_least { " or more" } else { "" };
        ("prompts", format!("{}{more}", prompts.count))
    }));
    rows.extend(gauge.context.now.map(|now| {
        let window = gauge.context.window.map_or_else(String::new, |window| format!(" of {window}"));
        let start = gauge.context.turn_start.map_or_else(String::new, |start| format!(", {start} at the turn's start"));
        ("context", format!("{now}{window} tokens{start}"))
    }));
    rows
}

fn launch_text(launch: &Launch, view: &LaunchView, now: &Stamp) -> String {
    let word = match view.live {
        Live::Yes => "alive",
        Live::Unknown => "unknown",
        Live::No => "over",
    };
    let by = match &launch.ended {
        Some(end) => format!("{} ({})", view.evidence.words(), end.reason),
        None => view.evidence.words().to_owned(),
    };
    let since = words::local(&launch.started, now);
    format!("pid {} in {}, since {since}: {word}, {by}", launch.process.pid, words::pane(&launch.pane))
}
