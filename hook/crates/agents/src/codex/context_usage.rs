//! Reads context usage, model and title from the end of a Codex rollout.

use super::transcript_lines::{LINE_STARTS, Line, Payload};
use crate::context_usage::{ContextUsageReader, PromptCount, UsageReading};
use crate::transcript::parse_values;

/// Reads lines, newest first.
pub(crate) fn read_usage(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> UsageReading {
    let mut reader = ConversationReader::default();
    lines.flat_map(|line| parse_values::<Line>(line, &LINE_STARTS)).for_each(|line| reader.add(&line));
    let prompts = PromptCount { count: reader.prompts, at_least: !whole };
    reader.usage.finish(whole, reader.model, reader.title, prompts)
}

#[derive(Default)]
struct ConversationReader {
    usage: ContextUsageReader,
    model: Option<String>,
    title: Option<String>,
    prompts: u64,
}

impl ConversationReader {
    fn add(&mut self, line: &Line) {
        let (Some(kind), Some(payload)) = (&line.kind.0, &line.payload.0) else { return };
        match kind.0.as_str() {
            "turn_context" => self.model = self.model.take().or_else(|| Some(payload.model.as_ref()?.0.clone())),
            "token_usage_record" => self.record_usage(payload.usage.as_ref().and_then(|usage| usage.total_tokens.0)),
            "compacted" => self.usage.reset(),
            "event_msg" => self.event(payload),
            _ => {}
        }
    }

    fn event(&mut self, payload: &Payload) {
        match payload.kind.as_ref().map(|kind| kind.0.as_str()) {
            Some("token_count") => {
                let info = payload.info.as_ref();
                self.usage.set_window(info.and_then(|info| info.model_context_window.0));
                self.record_usage(info.and_then(|info| info.last_token_usage.as_ref()?.total_tokens.0));
            }
            Some("task_started" | "turn_started") => {
                self.usage.set_window(payload.model_context_window.0);
                self.usage.start_turn();
            }
            Some("thread_name_updated") => {
                self.title = self.title.take().or_else(|| Some(payload.thread_name.as_ref()?.0.clone()));
            }
            _ if payload.is_prompt() => self.prompts += 1,
            _ => {}
        }
    }

    fn record_usage(&mut self, tokens: Option<u64>) {
        if let Some(tokens) = tokens {
            self.usage.record_usage(tokens);
        }
    }
}
