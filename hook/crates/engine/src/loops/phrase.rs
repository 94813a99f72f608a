//! Whether the agent said the phrase that ends its loop.

/// Whether a message holds the phrase other than as a quotation of the prompt, which usually names it.
///
/// An occurrence is a quotation where the words on both sides are those around the phrase in the prompt. On a line of its own it is one
/// only where it has such a line in the prompt as well. In doubt it counts as a quotation: the loop then goes round once more.
#[must_use]
pub fn is_said(message: &str, phrase: &str, prompt: &str) -> bool {
    let quoted: Vec<Occurrence<'_>> = occurrences(prompt, phrase).collect();
    !phrase.is_empty()
        && occurrences(message, phrase).any(|occurrence| !quoted.iter().any(|quoted| occurrence.quotes(quoted)))
}

/// What stands around an occurrence.
struct Occurrence<'a> {
    before: Option<&'a str>,
    after: Option<&'a str>,
    alone: bool,
}

impl Occurrence<'_> {
    fn quotes(&self, quoted: &Self) -> bool {
        let has_words = self.before.is_some() || self.after.is_some();
        has_words && (self.before, self.after) == (quoted.before, quoted.after) && (quoted.alone || !self.alone)
    }
}

fn occurrences<'a>(text: &'a str, phrase: &'a str) -> impl Iterator<Item = Occurrence<'a>> {
    text.match_indices(phrase).map(move |(at, found)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + found.len()..).unwrap_or_default();
        let line_before = before.rsplit('\n').next().unwrap_or_default();
        let line_after = after.split('\n').next().unwrap_or_default();
        Occurrence {
            before: before.rsplit(char::is_whitespace).map(without_quote_marks).find(|word| !word.is_empty()),
            after: after.split(char::is_whitespace).map(without_quote_marks).find(|word| !word.is_empty()),
            alone: without_quote_marks(line_before.trim()).is_empty()
                && without_quote_marks(line_after.trim()).is_empty(),
        }
    })
}

/// A word without the marks of a quotation or of emphasis.
fn without_quote_marks(word: &str) -> &str {
    word.trim_matches(['>', '"', '\'', '`', '*', '_', '|', '\u{201c}', '\u{201d}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "Mend the tests. When all pass, say <done/> and stop.\n\nNever say <done/> before.";

    #[test]
    fn a_phrase_counts_unless_the_prompt_is_quoted() {
        for (message, expected) in [
            ("All of them pass now. <done/>", true),
            ("<done/>", true),
            ("Well.\n\n**<done/>**\n", true),
            ("They pass, so I say\n<done/>", true),
            ("", false),
            ("<DONE/>", false),
            ("I was told to say <done/> and stop.", false),
            ("> When all pass, say <done/> and stop.\n\nNot yet.", false),
            ("You wrote: \"Never say <done/> before.\" I do not.", false),
            (PROMPT, false),
            ("> When all pass, say <done/> and stop.\n\nThey do: <done/>", true),
        ] {
            assert_eq!(is_said(message, "<done/>", PROMPT), expected, "{message}");
        }
        assert!(is_said("DONE", "DONE", "DONE"));
        assert!(is_said("anything DONE", "DONE", "no such word"));
        assert!(!is_said("Go on.\nDONE\nbefore noon", "DONE", "Go on.\nDONE\nbefore noon"));
        assert!(!is_said("words", "", "words"));
    }
}
