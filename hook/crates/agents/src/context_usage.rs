//! What the end of an agent's transcript says of the conversation: how full its context is, its model, its title, how many prompts it had.
//! Read when a user asks, and never stored: the transcript is the agent's, and may be gone or another tomorrow.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::transcript;

/// What is known of a conversation. What the end of its transcript does not say is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TranscriptStats {
    /// The model that answered last, in the agent's words.
    pub model: Option<String>,
    /// What the user, or else the agent, called it. Free text.
    pub title: Option<String>,
    /// The prompts of a user.
    pub prompts: Option<PromptCount>,
    /// How full its context is.
    pub context: ContextUsage,
}

/// How many prompts there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PromptCount {
    /// So many were seen.
    pub count: u64,
    /// Whether there may have been more, before what is read of the transcript.
    pub at_least: bool,
}

/// How full a context is, in tokens: what the model was given and what it answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContextUsage {
    /// Now; none before the first answer, and after a compaction until the next one.
    pub now: Option<u64>,
    /// When the newest turn began; none in the first turn.
    pub turn_start: Option<u64>,
    /// How many it can hold, where the agent says so.
    pub window: Option<u64>,
}

/// What lines of a transcript, newest first, said; `complete` if those before them would add nothing that is worth reading them.
pub(super) struct UsageReading {
    stats: TranscriptStats,
    complete: bool,
}

/// Reads lines, newest first. `whole`: there is nothing before them.
pub(super) type ReadUsage = fn(&mut dyn Iterator<Item = &[u8]>, whole: bool) -> UsageReading;

/// What a transcript says; nothing where it cannot be read.
pub(super) fn read(path: &Path, read: ReadUsage) -> TranscriptStats {
    let mut newest = TranscriptStats::default();
    // The longest end that is read says what can be said, complete or not.
    let _ = transcript::read_tails(path, &mut |lines, whole| {
        let reading = read(lines, whole);
        newest = reading.stats;
        reading.complete.then_some(())
    });
    newest
}

/// How full the context was, from the newest line on.
#[derive(Default)]
pub(super) struct ContextUsageReader {
    usage: ContextUsage,
    /// Whether the newest turn's beginning was seen.
    began: bool,
    /// Whether what stands further back says nothing of the present, or of the turn's beginning.
    now_is_known: bool,
    turn_start_is_known: bool,
}

impl ContextUsageReader {
    /// The model had so many tokens before it when it had answered.
    pub(super) const fn record_usage(&mut self, tokens: u64) {
        if !self.now_is_known {
            self.usage.now = Some(tokens);
            self.now_is_known = true;
        }
        if self.began && !self.turn_start_is_known {
            self.usage.turn_start = Some(tokens);
            self.turn_start_is_known = true;
        }
    }

    /// A turn began here.
    pub(super) const fn start_turn(&mut self) {
        self.began = true;
    }

    /// What was in the context was replaced by a summary.
    pub(super) const fn reset(&mut self) {
        self.now_is_known = true;
        self.turn_start_is_known |= self.began;
    }

    /// The context can hold so many.
    pub(super) fn set_window(&mut self, window: Option<u64>) {
        self.usage.window = self.usage.window.or(window);
    }

    pub(super) fn finish(
        self,
        whole: bool,
        model: Option<String>,
        title: Option<String>,
        prompts: PromptCount,
    ) -> UsageReading {
        let complete = whole || (self.now_is_known && self.turn_start_is_known && model.is_some());
        let prompts = (prompts.count > 0 || whole).then_some(prompts);
        UsageReading { stats: TranscriptStats { model, title, prompts, context: self.usage }, complete }
    }
}
