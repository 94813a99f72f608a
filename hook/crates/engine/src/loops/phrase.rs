//! Determines whether the agent said the phrase that ends its loop.
//!
//! The phrase counts if it is alone on the last line of the answer. Anywhere else, the answer only mentions it: "I am
//! not DONE yet", a file called `TODO_DONE.md`, a quotation of the prompt. Ending a loop by mistake is final and
//! easily goes unnoticed, while an extra iteration costs little. So in doubt, the phrase does not count.
//!
//! What nobody sees, such as colour codes and characters without a width, counts for nothing.
//!
//! 1. Code blocks, quotations (`>`) and horizontal rules (`---`) are not part of the answer.
//! 2. The last line must equal the phrase, once emphasis, a heading mark, `<promise>` tags, check marks and a full
//!    stop are removed.
//! 3. A phrase in tags (`<promise>DONE</promise>`, `<done/>`) may also follow the end of a sentence on that line.
//! 4. The phrase does not count if the words before it announce it for later ("I will end with:"), or if the same
//!    words precede it in the prompt.

mod prose;

use prose::{bare, collapsed, prose_lines, visible};

/// The tags that agents are taught to put around the phrase.
const TAGS: (&str, &str) = ("<promise>", "</promise>");

/// The maximum number of lines that a phrase in tags may span.
const MAX_LINES: usize = 5;

/// The characters that end a sentence.
const SENTENCE_ENDS: [char; 4] = ['.', '!', '\u{3002}', '\u{ff01}'];

/// Words that make a sentence negative or conditional.
const CONDITIONAL: [&str; 14] = [
    "not", "cannot", "never", "until", "unless", "when", "once", "if", "before", "after", "only", "yet", "later",
    "should",
];

/// Words that put a sentence in the future, unless it also says "now".
const FUTURE: [&str; 4] = ["will", "shall", "would", "ll"];

/// Returns whether the last line of a message is the phrase.
#[must_use]
pub fn is_said(message: &str, phrase: &str, prompt: &str) -> bool {
    let (message, prompt) = (visible(message), visible(prompt));
    let wanted = Phrase::new(&visible(phrase));
    let lines = prose_lines(&message);
    let ends_with_it = (1..=lines.len().min(MAX_LINES)).find(|count| wanted.is(&tail(&lines, *count)));
    match ends_with_it {
        Some(count) => {
            let before = lines.len().checked_sub(count + 1).and_then(|at| lines.get(at)).copied();
            !before.is_some_and(|before| announces(before) || wanted.stands_behind(before, &prompt))
        }
        None => lines.last().is_some_and(|line| wanted.follows_a_sentence(line)),
    }
}

/// Returns whether a message contains the phrase at all, so that its agent may believe that it ended the loop.
#[must_use]
pub fn is_mentioned(message: &str, phrase: &str) -> bool {
    let Phrase { words, .. } = Phrase::new(&visible(phrase));
    !words.is_empty() && collapsed(&visible(message)).contains(&words)
}

/// A phrase in the form in which it is compared.
struct Phrase {
    /// The phrase without tags.
    words: String,
    /// Whether the user gave it with tags, which are then part of it.
    in_tags: bool,
}

impl Phrase {
    fn new(phrase: &str) -> Self {
        let text = bare(phrase);
        match without_tags(&text) {
            Some(words) => Self { words, in_tags: true },
            None => Self { words: text, in_tags: false },
        }
    }

    /// Returns whether a line is nothing but the phrase.
    fn is(&self, line: &str) -> bool {
        let text = bare(line);
        let inner = without_tags(&text);
        let said = inner.as_deref().or((!self.in_tags).then_some(text.as_str()));
        !self.words.is_empty() && said == Some(self.words.as_str())
    }

    /// Returns whether a line ends with the phrase in tags, after a sentence about the present.
    fn follows_a_sentence(&self, line: &str) -> bool {
        const MARKS: [char; 6] = ['*', '_', '`', '.', '!', ' '];
        let line = collapsed(line);
        let tagged = format!("{}{}{}", TAGS.0, self.words, TAGS.1);
        let is_tag = !self.in_tags && self.words.starts_with('<') && self.words.ends_with('>');
        let candidates = [Some(tagged.as_str()), is_tag.then_some(self.words.as_str())];
        candidates.into_iter().flatten().any(|phrase| {
            let Some(before) = line.trim_end_matches(MARKS).strip_suffix(phrase) else { return false };
            let before = before.trim_end_matches(['*', '_', '`']);
            before.ends_with(' ') && before.trim_end().ends_with(SENTENCE_ENDS) && !is_conditional(before)
        })
    }

    /// Returns whether this line also precedes the phrase in the prompt.
    fn stands_behind(&self, before: &str, prompt: &str) -> bool {
        let lines = prose_lines(prompt);
        let mut pairs = lines.iter().zip(lines.iter().skip(1));
        pairs.any(|(first, second)| bare(first) == bare(before) && self.is(second))
    }
}

/// Joins the last lines into one.
fn tail(lines: &[&str], count: usize) -> String {
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join(" ")
}

fn without_tags(text: &str) -> Option<String> {
    Some(bare(text.strip_prefix(TAGS.0)?.strip_suffix(TAGS.1)?))
}

/// Returns whether a line announces that the text below it will come later.
fn announces(line: &str) -> bool {
    bare(line).ends_with([':', '\u{ff1a}']) && is_conditional(line)
}

fn is_conditional(text: &str) -> bool {
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let has = |word: &str| lower.split(|c: char| !c.is_alphanumeric()).any(|it| it == word);
    lower.contains("n't") || CONDITIONAL.into_iter().any(has) || (!has("now") && FUTURE.into_iter().any(has))
}

#[cfg(test)]
mod tests;
