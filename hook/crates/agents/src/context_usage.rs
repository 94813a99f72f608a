//! What the end of a transcript shows about a conversation: context usage, model, title and number of prompts.
//!
//! baton reads this when a user asks and never stores it. The transcript belongs to the agent, which may change or
//! remove it at any time.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::transcript;

/// What is known about a conversation. A field is `None` if the end of the transcript does not show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TranscriptStats {
    /// The model that answered last, as the agent names it.
    pub model: Option<String>,
    /// The title that the user gave the conversation, or else the agent. Free text.
    pub title: Option<String>,
    /// How many prompts the user gave.
    pub prompts: Option<PromptCount>,
    /// How full the context is.
    pub context: ContextUsage,
}

/// A number of prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PromptCount {
    /// How many prompts baton saw.
    pub count: u64,
    /// Whether the part of the transcript that baton did not read may hold more.
    pub at_least: bool,
}

/// How full a context is, in tokens. Both the model's input and its answers count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContextUsage {
    /// The present size. `None` before the first answer, and between a compaction and the next answer.
    pub now: Option<u64>,
    /// The size at the beginning of the newest turn. `None` in the first turn.
    pub turn_start: Option<u64>,
    /// The size of the context window, if the agent reports it.
    pub window: Option<u64>,
}

/// What the lines of a transcript show, newest first. `complete` is true if earlier lines would add nothing worth
/// reading.
pub(super) struct UsageReading {
    stats: TranscriptStats,
    complete: bool,
}

/// Reads lines, newest first. `whole` is true if nothing comes before them.
pub(super) type ReadUsage = fn(&mut dyn Iterator<Item = &[u8]>, whole: bool) -> UsageReading;

/// Reads a transcript. Returns empty statistics if it cannot be read.
pub(super) fn read(path: &Path, read: ReadUsage) -> TranscriptStats {
    let mut newest = TranscriptStats::default();
    // If no part is complete, the result of the longest part that was read stays.
    let _ = transcript::read_tails(path, &mut |lines, whole| {
        let reading = read(lines, whole);
        newest = reading.stats;
        reading.complete.then_some(())
    });
    newest
}

/// Computes context usage from lines that come newest first.
#[derive(Default)]
pub(super) struct ContextUsageReader {
    usage: ContextUsage,
    /// Whether the beginning of the newest turn was seen.
    began: bool,
    /// Whether earlier lines can no longer tell the present size, or the size at the beginning of the turn.
    now_is_known: bool,
    turn_start_is_known: bool,
}

impl ContextUsageReader {
    /// Records how many tokens the context held after an answer.
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

    /// Records that a turn began here.
    pub(super) const fn start_turn(&mut self) {
        self.began = true;
    }

    /// Records that a summary replaced the context here.
    pub(super) const fn reset(&mut self) {
        self.now_is_known = true;
        self.turn_start_is_known |= self.began;
    }

    /// Records the size of the context window.
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
