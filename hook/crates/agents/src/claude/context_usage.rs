//! Reads context usage, model and title from the end of a Claude Code transcript.

use super::transcript_lines::{Author, LINE_STARTS, Line, Message, Usage, author, blocks};
use crate::context_usage::{ContextUsageReader, PromptCount, UsageReading};
use crate::transcript::parse_values;

/// What Claude writes instead of a model's name if no model answered.
const NO_MODEL: &str = "<synthetic>";

/// Reads lines, newest first.
pub(crate) fn read_usage(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> UsageReading {
    let mut reader = ConversationReader::default();
    lines.flat_map(|line| parse_values::<Line<'_>>(line, &LINE_STARTS)).for_each(|line| reader.add(&line));
    reader.finish(whole)
}

#[derive(Default)]
struct ConversationReader {
    usage: ContextUsageReader,
    model: Option<String>,
    /// The newest title of each kind: the user's, a model's, and the one that older versions wrote.
    titles: [Option<String>; 3],
    prompts: u64,
    /// The number that Claude gave to the newest prompt.
    index: Option<u64>,
}

impl ConversationReader {
    fn add(&mut self, line: &Line<'_>) {
        for (title, said) in self.titles.iter_mut().zip([&line.custom_title, &line.ai_title, &line.summary]) {
            if let (None, Some(said)) = (&title, &said.0) {
                *title = Some(said.0.clone());
            }
        }
        let Some(message) = line.message.as_ref().filter(|_| !line.is_sidechain && !line.is_meta) else { return };
        match line.kind.as_ref().map(|kind| kind.0.as_str()) {
            Some("assistant") if !line.is_api_error_message => self.answer(message),
            Some("user") if line.is_compact_summary => self.usage.reset(),
            Some("user") => self.user(line, message),
            _ => {}
        }
    }

    fn answer(&mut self, message: &Message<'_>) {
        let Some(model) = message.model.as_ref().filter(|model| model.0 != NO_MODEL) else { return };
        self.model.get_or_insert_with(|| model.0.clone());
        if let Some(usage) = &message.usage.0 {
            self.usage.record_usage(usage.total());
        }
    }

    fn user(&mut self, line: &Line<'_>, message: &Message<'_>) {
        let author = author(&blocks(message));
        if !matches!(author, Author::User | Author::Task) {
            return;
        }
        self.usage.start_turn();
        if author == Author::User {
            self.prompts += 1;
            self.index = self.index.or_else(|| line.turn_position.as_ref()?.prompt_index.0);
        }
    }

    fn finish(self, whole: bool) -> UsageReading {
        let prompts = match self.index {
            Some(count) => PromptCount { count, at_least: false },
            None => PromptCount { count: self.prompts, at_least: !whole },
        };
        let title = self.titles.into_iter().flatten().find(|title| !title.is_empty());
        self.usage.finish(whole, self.model, title, prompts)
    }
}

impl Usage {
    /// The size of the context after the answer: input, cached input and output.
    const fn total(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_creation_input_tokens)
            .saturating_add(self.cache_read_input_tokens)
            .saturating_add(self.output_tokens)
    }
}
