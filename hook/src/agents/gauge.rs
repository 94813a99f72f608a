//! What the end of an agent's transcript says of the conversation: how full its context is, its model, its title, how many prompts it had.
//! Read when a person asks, and never stored: the transcript is the agent's, and may be gone or another tomorrow.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::transcript;

/// What is known of a conversation. What the end of its transcript does not say is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gauge {
    /// The model that answered last, in the agent's words.
    pub model: Option<String>,
    /// What the person, or else the agent, called it. Free text.
    pub title: Option<String>,
    /// The prompts of a person.
    pub prompts: Option<Prompts>,
    /// How full its context is.
    pub context: ContextUse,
}

/// How many prompts there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Prompts {
    /// So many were seen.
    pub count: u64,
    /// Whether there may have been more, before what is read of the transcript.
    pub at_least: bool,
}

/// How full a context is, in tokens: what the model was given and what it answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContextUse {
    /// Now; none before the first answer, and after a compaction until the next one.
    pub now: Option<u64>,
    /// When the newest turn began; none in the first turn.
    pub turn_start: Option<u64>,
    /// How many it can hold, where the agent says so.
    pub window: Option<u64>,
}

/// What lines of a transcript, newest first, said; `complete` if those before them would add nothing that is worth reading them.
pub(super) struct Reading {
    gauge: Gauge,
    complete: bool,
}

/// Reads lines, newest first. `whole`: there is nothing before them.
pub(super) type Read = fn(&mut dyn Iterator<Item = &[u8]>, whole: bool) -> Reading;

/// What a transcript says; nothing where it cannot be read.
pub(super) fn of(path: &Path, read: Read) -> Gauge {
    let mut newest = Gauge::default();
    // The longest end that is read says what can be said, complete or not.
    let _ = transcript::ends(path, &mut |lines, whole| {
        let reading = read(lines, whole);
        newest = reading.gauge;
        reading.complete.then_some(())
    });
    newest
}

/// How full the context was, from the newest line on.
#[derive(Default)]
pub(super) struct Dial {
    usage: ContextUse,
    /// Whether the newest turn's beginning was seen.
    began: bool,
    /// Whether what stands further back says nothing of the present, or of the turn's beginning.
    now_is_settled: bool,
    start_is_settled: bool,
}

impl Dial {
    /// The model had so many tokens before it when it had answered.
    pub(super) const fn used(&mut self, tokens: u64) {
        if !self.now_is_settled {
            self.usage.now = Some(tokens);
            self.now_is_settled = true;
        }
        if self.began && !self.start_is_settled {
            self.usage.turn_start = Some(tokens);
            self.start_is_settled = true;
        }
    }

    /// A turn began here.
    pub(super) const fn turn_began(&mut self) {
        self.began = true;
    }

    /// What was in the context was replaced by a summary.
    pub(super) const fn compacted(&mut self) {
        self.now_is_settled = true;
        self.start_is_settled |= self.began;
    }

    /// The context can hold so many.
    pub(super) fn holds(&mut self, window: Option<u64>) {
        self.usage.window = self.usage.window.or(window);
    }

    pub(super) fn reading(
        self,
        whole: bool,
        model: Option<String>,
        title: Option<String>,
        prompts: Prompts,
    ) -> Reading {
        let complete = whole || (self.now_is_settled && self.start_is_settled && model.is_some());
        let prompts = (prompts.count > 0 || whole).then_some(prompts);
        Reading { gauge: Gauge { model, title, prompts, context: self.usage }, complete }
    }
}
