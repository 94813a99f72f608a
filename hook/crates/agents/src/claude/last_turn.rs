//! Determines how the newest turn of a Claude Code transcript ended. The transcript has one line for each block of
//! each message.

use std::collections::HashSet;

use agent_baton_core::event::LastTurn;

use super::transcript_lines::{Author, Block, LINE_STARTS, Line, Message, author, blocks};
use crate::transcript::parse_values;

/// Judges lines, newest first.
pub(crate) fn judge_last_turn(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> Option<LastTurn> {
    let mut turn = Turn::default();
    let judged = lines.flat_map(|line| parse_values::<Line<'_>>(line, &LINE_STARTS)).find_map(|line| turn.add(&line));
    judged.or_else(|| whole.then(|| turn.owed_or(LastTurn::Unknown)))
}

/// What the lines read so far have shown, from the end of the transcript.
#[derive(Default)]
struct Turn {
    /// The tool calls that have a result.
    answered: HashSet<String>,
    /// Whether the transcript ends with something that the model still had to answer, or was answering.
    owed: bool,
}

impl Turn {
    fn add(&mut self, line: &Line<'_>) -> Option<LastTurn> {
        if line.is_sidechain || line.is_meta {
            return None;
        }
        let message = line.message.as_ref()?;
        match line.kind.as_ref()?.0.as_str() {
            // Claude reports an error of the service in the form of an answer.
            "assistant" if line.is_api_error_message => None,
            "assistant" => self.answer(message),
            "user" if line.is_compact_summary => Some(self.owed_or(LastTurn::Unknown)),
            "user" => self.user(message),
            _ => None,
        }
    }

    fn answer(&mut self, message: &Message<'_>) -> Option<LastTurn> {
        let blocks = blocks(message);
        let calls: Vec<&Block> = blocks.iter().filter(|block| block.is("tool_use")).collect();
        let open = |block: &&Block| block.id.as_ref().is_none_or(|id| !self.answered.contains(&id.0));
        if calls.iter().any(open) {
            return Some(LastTurn::InterruptedToolCall);
        }
        let more = message.stop_reason.as_ref().is_some_and(|reason| reason.0 == "tool_use");
        if calls.is_empty() && !more && blocks.iter().any(|block| block.is("text")) {
            return Some(self.owed_or(LastTurn::Ended));
        }
        self.owed = true;
        None
    }

    fn user(&mut self, message: &Message<'_>) -> Option<LastTurn> {
        let blocks = blocks(message);
        let results = blocks.iter().filter(|block| block.is("tool_result"));
        self.answered.extend(results.filter_map(|block| block.tool_use_id.as_ref().map(|id| id.0.clone())));
        match author(&blocks) {
            Author::Interruption => Some(self.owed_or(LastTurn::Ended)),
            Author::Client => None,
            Author::Tools => {
                self.owed |= !blocks.is_empty();
                None
            }
            Author::User | Author::Task => Some(LastTurn::InterruptedPrompt),
        }
    }

    const fn owed_or(&self, otherwise: LastTurn) -> LastTurn {
        if self.owed { LastTurn::InterruptedPrompt } else { otherwise }
    }
}
