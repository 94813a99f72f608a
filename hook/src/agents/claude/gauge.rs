//! What the end of a transcript of Claude Code says of the conversation.

use super::lines::{By, Line, Message, STARTS, Usage, blocks, by};
use crate::agents::gauge::{Dial, Prompts, Reading};
use crate::agents::transcript::values;

/// What Claude writes in place of a model where none answered.
const NO_MODEL: &str = "<synthetic>";

/// Reads lines, newest first.
pub(in crate::agents) fn read(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> Reading {
    let mut seen = Seen::default();
    for line in lines {
        for line in values::<Line<'_>>(line, &STARTS) {
            seen.add(&line);
        }
    }
    seen.reading(whole)
}

#[derive(Default)]
struct Seen {
    dial: Dial,
    model: Option<String>,
    /// What the person called the session, what a model did, and what older versions wrote; the newest of each.
    titles: [Option<String>; 3],
    prompts: u64,
    /// The number that Claude gave the newest prompt.
    index: Option<u64>,
}

impl Seen {
    fn add(&mut self, line: &Line<'_>) {
        for (title, said) in self.titles.iter_mut().zip([&line.custom_title, &line.ai_title, &line.summary]) {
            if let (None, Some(said)) = (&title, said) {
                *title = Some(said.0.clone());
            }
        }
        let Some(message) = line.message.as_ref().filter(|_| !line.is_sidechain && !line.is_meta) else { return };
        match line.kind.as_ref().map(|kind| kind.0.as_str()) {
            Some("assistant") if !line.is_api_error_message => self.answer(message),
            Some("user") if line.is_compact_summary => self.dial.compacted(),
            Some("user") => self.user(line, message),
            _ => {}
        }
    }

    fn answer(&mut self, message: &Message<'_>) {
        let Some(model) = message.model.as_ref().filter(|model| model.0 != NO_MODEL) else { return };
        self.model.get_or_insert_with(|| model.0.clone());
        if let Some(usage) = &message.usage {
            self.dial.used(usage.total());
        }
    }

    fn user(&mut self, line: &Line<'_>, message: &Message<'_>) {
        let by = by(&blocks(message));
        if !matches!(by, By::Person | By::Task) {
            return;
        }
        self.dial.turn_began();
        if by == By::Person {
            self.prompts += 1;
            self.index = self.index.or_else(|| line.turn_position.as_ref()?.prompt_index);
        }
    }

    fn reading(self, whole: bool) -> Reading {
        let prompts = match self.index {
            Some(count) => Prompts { count, at_least: false },
            None => Prompts { count: self.prompts, at_least: !whole },
        };
        let title = self.titles.into_iter().flatten().find(|title| !title.is_empty());
        self.dial.reading(whole, self.model, title, prompts)
    }
}

impl Usage {
    /// All that the model had before it when it had answered.
    const fn total(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_creation_input_tokens)
            .saturating_add(self.cache_read_input_tokens)
            .saturating_add(self.output_tokens)
    }
}
