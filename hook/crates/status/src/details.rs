//! What is read beside the records for an item: from the agent's transcript and from the project.

use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_core::timestamp::Timestamp;

use crate::cause::Cause;
use baton_agents::{ConversationLimits, Extent, spec};
use baton_display::preview;

/// The most characters of a preview.
const PREVIEW_CHARS: usize = 200;

/// The most characters of a text that are read for a preview: many of them may be spaces.
const PREVIEW_READ_CHARS: usize = 1000;

/// What is read beside the records, because a face has use for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The branch that is checked out in the project.
    pub branch: Option<String>,
    /// When the transcript was last written, to the minute: it grows all the time.
    pub written: Option<Timestamp>,
    /// The title of the conversation.
    pub title: Option<String>,
    /// The model that answered last.
    pub model: Option<String>,
    /// How many tokens the context holds.
    pub context: Option<u64>,
    /// How many tokens the context can hold.
    pub context_window: Option<u64>,
    /// How many tokens the newest turn has added to the context.
    pub turn_tokens: Option<u64>,
    /// The beginning of the user's last prompt.
    pub prompt: Option<String>,
    /// The beginning of the tool call that has no result yet, or of the question in it.
    pub open_call: Option<String>,
    /// The beginning of what the agent said last since that prompt.
    pub said: Option<String>,
}

impl Details {
    /// Reads what the transcript of a session shows, without what was said in it.
    #[must_use]
    pub fn of_transcript(agent: Agent, transcript: &Path) -> Self {
        let stats = spec(agent).transcript_stats(transcript);
        let turn = stats.context.now.zip(stats.context.turn_start);
        Self {
            // A transcript may hold a title of any length.
            title: stats.title.map(|title| preview(&title, PREVIEW_CHARS)),
            model: stats.model,
            context: stats.context.now,
            context_window: stats.context.window,
            turn_tokens: turn.and_then(|(now, start)| now.checked_sub(start)),
            ..Self::default()
        }
    }

    /// Adds the beginnings of what was said last. They are not to be stored.
    #[must_use]
    pub fn with_conversation(self, agent: Agent, transcript: &Path) -> Self {
        let limits = ConversationLimits { extent: Extent::Turn, chars: PREVIEW_READ_CHARS };
        let end = spec(agent).conversation_end(transcript, limits);
        let preview = |text: &str| preview(text, PREVIEW_CHARS);
        Self {
            prompt: end.prompt().map(preview),
            open_call: end.open_call.as_deref().map(preview),
            said: end.said().map(preview),
            ..self
        }
    }

    /// Returns what a user has to know who is waited for.
    pub(crate) fn question(&mut self, cause: Cause) -> Option<String> {
        let (open_call, said) = (self.open_call.take(), self.said.take());
        if cause.is_of_call() { open_call.or(said) } else { said }
    }
}
