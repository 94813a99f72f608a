//! Determines how the newest turn of a Codex rollout ended.

use std::collections::HashSet;

use agent_baton_core::event::LastTurn;

use super::transcript_lines::{LINE_STARTS, Line, Payload, is};
use crate::transcript::parse_values;

/// Judges lines, newest first.
pub(crate) fn judge_last_turn(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> Option<LastTurn> {
    let mut turn = Turn::default();
    let judged = lines.flat_map(|line| parse_values::<Line>(line, &LINE_STARTS)).find_map(|line| turn.add(&line));
    judged.or_else(|| whole.then(|| turn.owed_or(LastTurn::Unknown)))
}

/// What the lines read so far have shown, from the end of the rollout.
#[derive(Default)]
struct Turn {
    /// The tool calls that have a result.
    answered: HashSet<String>,
    /// Whether the rollout ends with something that the model still had to answer, or was answering.
    owed: bool,
}

impl Turn {
    fn add(&mut self, line: &Line) -> Option<LastTurn> {
        let payload = line.payload.as_ref()?;
        let what = payload.kind.as_ref()?.0.as_str();
        match (line.kind.as_ref()?.0.as_str(), what) {
            ("event_msg", "task_complete" | "turn_complete" | "turn_aborted") => Some(self.owed_or(LastTurn::Ended)),
            ("event_msg", _) if payload.is_prompt() => Some(LastTurn::InterruptedPrompt),
            ("response_item", "message") => self.message(payload),
            ("response_item", "reasoning") => {
                self.owed = true;
                None
            }
            ("response_item", call) if call.ends_with("_call_output") => {
                self.answered.extend(payload.call_id.as_ref().map(|id| id.0.clone()));
                self.owed = true;
                None
            }
            ("response_item", "function_call" | "custom_tool_call" | "local_shell_call") => {
                self.owed = true;
                let answered = payload.call_id.as_ref().is_some_and(|id| self.answered.contains(&id.0));
                (!answered).then_some(LastTurn::InterruptedToolCall)
            }
            _ => None,
        }
    }

    fn message(&self, payload: &Payload) -> Option<LastTurn> {
        if is(payload.role.as_ref(), "assistant") {
            // A comment in the middle of a turn is not the answer.
            let on_the_way = is(payload.phase.as_ref(), "commentary");
            Some(if on_the_way { LastTurn::InterruptedPrompt } else { self.owed_or(LastTurn::Ended) })
        } else if payload.is_typed() {
            Some(LastTurn::InterruptedPrompt)
        } else {
            None
        }
    }

    const fn owed_or(&self, otherwise: LastTurn) -> LastTurn {
        if self.owed { LastTurn::InterruptedPrompt } else { otherwise }
    }
}
