//! `baton session show`.

use std::path::PathBuf;

use agent_baton_core::event::LastTurn;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::session::Launch;
use agent_baton_core::timestamp::Timestamp;
use clap::Args;

use crate::args::session::SessionArg;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::terminal::Terminal;
use baton_agents::{TranscriptStats, spec};
use baton_display::{format_evidence, format_local, pane_label, strip_control_chars};
use baton_status::ListedSession;
use baton_status::{ChunkView, ConversationView, LaunchView, SessionView};
use baton_store::Chunk;

/// Show everything about one session.
#[derive(Args)]
pub struct Show {
    #[command(flatten)]
    session: SessionArg,
    /// Print the session as JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows the session.
    ///
    /// # Errors
    /// Returns an error if no session matches, if several match, or if its record cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let (session, archived) = context.session(&self.session.resolve(&context)?)?;
        let conversation = conversation_view(&context, &session.id)?;
        let (spec, transcript) = (spec(session.agent), session.transcript.clone().map(PathBuf::from));
        let seen = context.session_reader().assess(session, archived);
        let view = SessionView {
            last_turn: transcript.as_deref().map(|path| spec.last_turn(path)),
            transcript_stats: transcript.as_deref().map(|path| spec.transcript_stats(path)),
            conversation: Some(conversation),
            ..SessionView::new(&seen)
        };
        if self.json {
            output::print_json(&view)
        } else {
            output::print(&text(&seen, &view, &context.now(), &Terminal::stdout()))
        }
    }
}

fn conversation_view(context: &Context, session: &SessionId) -> Result<ConversationView, CommandError> {
    let view = |chunk: Chunk| ChunkView { number: chunk.number, topics: chunk.topics };
    Ok(ConversationView {
        messages: context.store().conversation(session)?.messages.len(),
        chunks: context.store().chunks(session)?.into_iter().map(view).collect(),
    })
}

/// Describes how the newest turn ended, or returns `None` if that is unknown.
const fn describe_turn(turn: LastTurn, live: Live) -> Option<&'static str> {
    match (turn, live) {
        (LastTurn::Unknown, _) => None,
        (LastTurn::Ended, _) => Some("ended"),
        (_, Live::Yes) => Some("in progress"),
        (LastTurn::InterruptedPrompt, Live::No) => Some("interrupted: its last prompt got no answer"),
        (LastTurn::InterruptedToolCall, Live::No) => Some("interrupted: a tool call in it got no result"),
        (LastTurn::InterruptedPrompt | LastTurn::InterruptedToolCall, Live::Unknown) => Some("has no answer yet"),
    }
}

fn text(seen: &ListedSession, view: &SessionView, now: &Timestamp, terminal: &Terminal) -> String {
    let session = &seen.session;
    let clean = |text: &Option<String>| text.as_deref().map(strip_control_chars);
    let mut rows = vec![("session", format!("{} ({})", session.id, session.agent))];
    rows.extend(session.name.as_ref().map(|name| ("name", name.as_str().to_owned())));
    rows.push(("status", format!("{} since {}", seen.standing.status.word(), format_local(&seen.standing.since, now))));
    let launches = session.launches.iter().zip(&view.launches);
    rows.extend(launches.map(|(launch, view)| ("launch", describe_launch(launch, view, now))));
    rows.extend(view.runs.iter().map(|run| ("run", run.to_string())));
    let texts = [("project", &view.project), ("directory", &view.cwd), ("transcript", &view.transcript)];
    rows.extend(texts.into_iter().filter_map(|(label, text)| Some((label, clean(text)?))));
    rows.extend(view.transcript_stats.iter().flat_map(transcript_rows));
    rows.extend(view.last_turn.and_then(|turn| Some(("last turn", describe_turn(turn, view.live)?.to_owned()))));
    if let Some(conversation) = &view.conversation {
        rows.extend((conversation.messages > 0).then(|| ("messages", conversation.messages.to_string())));
        rows.extend(conversation.chunks.iter().map(|chunk| {
            let topics = clean(&chunk.topics).unwrap_or_default();
            ("chunk", format!("{} {topics}", chunk.number).trim_end().to_owned())
        }));
    }
    let marks = [
        ("pinned", view.pinned),
        ("dismissed", view.dismissed),
        ("headless", view.headless),
        ("archived", view.archived),
    ];
    let marks: Vec<&str> = marks.into_iter().filter_map(|(word, holds)| holds.then_some(word)).collect();
    rows.extend((!marks.is_empty()).then(|| ("marks", marks.join(", "))));
    rows.push(("first seen", format_local(&session.created, now)));
    rows.extend(
        session.ended.as_ref().map(|end| ("ended", format!("{} ({})", format_local(&end.at, now), end.reason))),
    );
    let row = |(label, value): &(&str, String)| match *label {
        "chunk" => format!("{}\n", terminal.wrap(&format!("{label:<12}"), value)),
        _ => format!("{label:<12}{value}\n"),
    };
    rows.iter().map(row).collect()
}

/// Returns what the transcript shows about the conversation, for a user.
fn transcript_rows(transcript_stats: &TranscriptStats) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    rows.extend(transcript_stats.title.as_deref().map(|title| ("title", strip_control_chars(title))));
    rows.extend(transcript_stats.model.as_deref().map(|model| ("model", strip_control_chars(model))));
    rows.extend(transcript_stats.prompts.map(|prompts| {
        let more = if prompts.at_least { " or more" } else { "" };
        ("prompts", format!("{}{more}", prompts.count))
    }));
    rows.extend(transcript_stats.context.now.map(|now| {
        let window = transcript_stats.context.window.map_or_else(String::new, |window| format!(" of {window}"));
        let start = transcript_stats
            .context
            .turn_start
            .map_or_else(String::new, |start| format!(", {start} at the turn's start"));
        ("context", format!("{now}{window} tokens{start}"))
    }));
    rows
}

fn describe_launch(launch: &Launch, view: &LaunchView, now: &Timestamp) -> String {
    let word = match view.live {
        Live::Yes => "alive",
        Live::Unknown => "unknown",
        Live::No => "ended",
    };
    let by = match &launch.ended {
        Some(end) => format!("{} ({})", format_evidence(view.evidence), end.reason),
        None => format_evidence(view.evidence).to_owned(),
    };
    let since = format_local(&launch.started, now);
    format!("pid {} in {}, since {since}: {word}, {by}", launch.process.pid, pane_label(&launch.pane))
}
