//! What a session is called in a list.

use std::path::Path;

use agent_baton_core::session::Session;

use super::terminal::Terminal;
use baton_agents::spec;

/// The longest title that is shown, in characters.
const MAX_TITLE: usize = 60;

/// The name that a user gave the session, in quotes. On a terminal also the title that its transcript gives it, where there is no name:
/// reading a transcript costs time, and a script has no use for a text that changes.
#[must_use]
pub fn session_label(session: &Session, terminal: &Terminal) -> Option<String> {
    if let Some(name) = &session.name {
        return Some(format!("\"{}\"", baton_display::strip_control_chars(name.as_str())));
    }
    let transcript = session.transcript.as_deref().filter(|_| terminal.is_terminal())?;
    let title = spec(session.agent).transcript_stats(Path::new(transcript)).title?;
    let title = baton_display::strip_control_chars(title.trim());
    let shown: String = title.chars().take(MAX_TITLE).collect();
    Some(if shown.len() < title.len() { format!("{}\u{2026}", shown.trim_end()) } else { shown })
}
