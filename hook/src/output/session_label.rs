//! What a session is called in a list.

use std::path::Path;

use agent_baton_core::session::Session;

use super::terminal::Terminal;
use baton_agents::spec;

/// The longest title that is shown, in characters.
const MAX_TITLE: usize = 60;

/// The name that a user gave the session, or else its title on a terminal.
#[must_use]
pub fn session_label(session: &Session, terminal: &Terminal) -> Option<String> {
    format_label(session.name.as_ref().map(|name| name.as_str()), read_title(session, terminal).as_deref())
}

/// Returns a name in quotes, or else a title, which may be cut.
#[must_use]
pub fn format_label(name: Option<&str>, title: Option<&str>) -> Option<String> {
    if let Some(name) = name {
        return Some(format!("\"{}\"", baton_display::strip_control_chars(name)));
    }
    let title = baton_display::strip_control_chars(title?.trim());
    let shown: String = title.chars().take(MAX_TITLE).collect();
    Some(if shown.len() < title.len() { format!("{}\u{2026}", shown.trim_end()) } else { shown })
}

/// Returns the title that the transcript of a session without a name gives it. Only on a terminal: reading a transcript
/// costs time, and a script has no use for a text that changes.
#[must_use]
pub fn read_title(session: &Session, terminal: &Terminal) -> Option<String> {
    let transcript = session.transcript.as_deref().filter(|_| terminal.is_terminal() && session.name.is_none())?;
    spec(session.agent).transcript_stats(Path::new(transcript)).title
}
