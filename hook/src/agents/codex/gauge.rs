//! What the end of a rollout of Codex says of the conversation.

use super::lines::{Line, Payload, STARTS};
use crate::agents::gauge::{Dial, Prompts, Reading};
use crate::agents::transcript::values;

/// Reads lines, newest first.
pub(in crate::agents) fn read(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> Reading {
    let mut seen = Seen::default();
    for line in lines {
        for line in values::<Line>(line, &STARTS) {
            seen.add(&line);
        }
    }
    let prompts = Prompts { count: seen.prompts, at_least: !whole };
    seen.dial.reading(whole, seen.model, seen.title, prompts)
}

#[derive(Default)]
struct Seen {
    dial: Dial,
    model: Option<String>,
    title: Option<String>,
    prompts: u64,
}

impl Seen {
    fn add(&mut self, line: &Line) {
        let (Some(kind), Some(payload)) = (&line.kind, &line.payload) else { return };
        match kind.0.as_str() {
            "turn_context" => self.model = self.model.take().or_else(|| Some(payload.model.as_ref()?.0.clone())),
            "token_usage_record" => self.used(payload.usage.as_ref().and_then(|usage| usage.total_tokens)),
            "compacted" => self.dial.compacted(),
            "event_msg" => self.event(payload),
            _ => {}
        }
    }

    fn event(&mut self, payload: &Payload) {
        match payload.kind.as_ref().map(|kind| kind.0.as_str()) {
            Some("token_count") => {
                let info = payload.info.as_ref();
                self.dial.holds(info.and_then(|info| info.model_context_window));
                self.used(info.and_then(|info| info.last_token_usage.as_ref()?.total_tokens));
            }
            Some("task_started" | "turn_started") => {
                self.dial.holds(payload.model_context_window);
                self.dial.turn_began();
            }
            Some("thread_name_updated") => {
                self.title = self.title.take().or_else(|| Some(payload.thread_name.as_ref()?.0.clone()));
            }
            _ if payload.is_prompt() => self.prompts += 1,
            _ => {}
        }
    }

    fn used(&mut self, tokens: Option<u64>) {
        if let Some(tokens) = tokens {
            self.dial.used(tokens);
        }
    }
}
