//! How the newest turn stands in a transcript of Claude Code: a line for each block of each message.

use std::collections::HashSet;

use agent_baton_core::event::LastTurn;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lossy::Lossy;
use super::transcript::values;

/// How the lines begin that matter.
const STARTS: [&[u8]; 2] = [b"{\"parentUuid\":", b"{\"type\":"];

/// What Claude writes in the person's name when they interrupt a turn.
const INTERRUPTED: &str = "[Request interrupted by user";

/// How lines begin that Claude writes of what the person did without asking the model.
const NO_PROMPT: [&str; 5] = ["<command-name>", "<local-command-", "<bash-input>", "<bash-stdout>", "<bash-stderr>"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: Option<Lossy>,
    is_sidechain: bool,
    is_meta: bool,
    is_compact_summary: bool,
    is_api_error_message: bool,
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    stop_reason: Option<Lossy>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: Option<Lossy>,
    id: Option<Lossy>,
    tool_use_id: Option<Lossy>,
    text: Option<Lossy>,
}

impl Block {
    fn is(&self, kind: &str) -> bool {
        self.kind.as_ref().is_some_and(|word| word.0 == kind)
    }
}

/// Judges lines, newest first.
pub(super) fn judge(lines: &mut dyn Iterator<Item = &[u8]>, whole: bool) -> Option<LastTurn> {
    let mut turn = Turn::default();
    for line in lines {
        for line in values::<Line<'_>>(line, &STARTS) {
            if let Some(judged) = turn.add(&line) {
                return Some(judged);
            }
        }
    }
    let rest = if turn.owed { LastTurn::CutPrompt } else { LastTurn::Unknown };
    whole.then_some(rest)
}

/// What was seen so far, from the end.
#[derive(Default)]
struct Turn {
    /// The calls of tools that have a result.
    answered: HashSet<String>,
    /// Whether something stands at the end that the model was to answer, or was answering.
    owed: bool,
}

impl Turn {
    fn add(&mut self, line: &Line<'_>) -> Option<LastTurn> {
        if line.is_sidechain || line.is_meta {
            return None;
        }
        let message = line.message.as_ref()?;
        match line.kind.as_ref()?.0.as_str() {
            // What the service said instead of an answer.
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
            return Some(LastTurn::CutTool);
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
        let text = blocks.iter().filter(|block| !block.is("tool_result")).find_map(|block| block.text.as_ref());
        match text.map(|text| text.0.trim_start()) {
            Some(text) if text.starts_with(INTERRUPTED) => Some(self.owed_or(LastTurn::Ended)),
            Some(text) if NO_PROMPT.iter().any(|begin| text.starts_with(begin)) => None,
            None if blocks.iter().all(|block| block.is("tool_result")) => {
                self.owed |= !blocks.is_empty();
                None
            }
            _ => Some(LastTurn::CutPrompt),
        }
    }

    const fn owed_or(&self, otherwise: LastTurn) -> LastTurn {
        if self.owed { LastTurn::CutPrompt } else { otherwise }
    }
}

/// The blocks of a message; a message that is a text is one block.
fn blocks(message: &Message<'_>) -> Vec<Block> {
    let Some(content) = message.content.map(RawValue::get) else { return Vec::new() };
    let text = serde_json::from_str(content).map(|text| {
        vec![Block { kind: Some(Lossy("text".to_owned())), id: None, tool_use_id: None, text: Some(text) }]
    });
    text.or_else(|_| serde_json::from_str(content)).unwrap_or_default()
}
