//! The decisions that `baton log --json` prints, with their sentences.

use agent_baton_core::reason::Reason;
use baton_display::{format_rfc3339, strip_control_chars};
use baton_store::{AuditAction, AuditLine};
use schemars::JsonSchema;
use serde::Serialize;

/// A decision, and why it came out as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DecisionView {
    /// Its number.
    pub n: u64,
    /// When it was made (RFC 3339).
    pub at: String,
    /// The event, the command or the action that led to it.
    pub what: String,
    /// The rules that applied.
    pub reasons: Vec<ReasonView>,
}

/// A rule that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReasonView {
    /// The reason code, or the word of an action.
    pub word: String,
    /// What it means. Null for a word that this version does not know.
    pub sentence: Option<String>,
}

/// The decisions that follow one of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DecisionsPage {
    /// Them, oldest first, as they are stored. If the first number is not the next one, those between are no longer kept. Empty if
    /// none follows yet.
    pub decisions: Vec<AuditLine>,
    /// The value of `after` for those that follow these.
    pub next: u64,
}

/// Returns the decisions that follow the one with this number.
pub(crate) fn page_after(output: &[u8], after: u64) -> DecisionsPage {
    let decisions: Vec<_> = stored(output).collect();
    let next = decisions.last().map_or(after, |line| line.n);
    DecisionsPage { decisions, next }
}

fn stored(output: &[u8]) -> impl Iterator<Item = AuditLine> {
    output.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// Returns the decisions with their sentences, oldest first.
pub(crate) fn explained(output: &[u8]) -> Vec<DecisionView> {
    stored(output)
        .map(|line| DecisionView {
            n: line.n,
            at: format_rfc3339(&line.at),
            what: strip_control_chars(&line.asked.what),
            reasons: std::iter::once(&line.reason).chain(&line.also).map(|word| reason(word)).collect(),
        })
        .collect()
}

/// Returns a line for each decision, with its sentences.
pub(crate) fn lines(decisions: &[DecisionView]) -> String {
    let line = |of: &DecisionView| {
        let reasons = of.reasons.iter().map(|it| it.sentence.as_ref().unwrap_or(&it.word).as_str());
        format!("{}  {}  {}: {}\n", of.n, of.at, of.what, reasons.collect::<Vec<_>>().join(" "))
    };
    let lines: String = decisions.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("DECISIONS\n\n{lines}") }
}

fn reason(word: &str) -> ReasonView {
    let action = AuditAction::from_word(word).map(|action| action.sentence());
    let sentence = action.or_else(|| Reason::from_word(word).map(|reason| reason.sentence()));
    ReasonView { word: strip_control_chars(word), sentence: sentence.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::{explained, lines, page_after};

    const LINES: &[u8] = br#"{"n":1,"at":{"unix_ms":0,"boot":"b","boot_ms":1},"reason":"session_pinned","asked":{"what":"session_pinned"},"changes":[]}
no line
{"n":2,"at":{"unix_ms":1000,"boot":"b","boot_ms":1},"reason":"of a later version","also":["resumed_same_session"],"asked":{"what":"a\u001bb"},"changes":[]}
"#;

    #[test]
    fn decisions_are_listed_with_their_sentences() {
        let found = explained(LINES);
        let [pinned, other] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((pinned.n, pinned.at.as_str(), other.n), (1, "1970-01-01T00:00:00.000Z", 2));
        assert!(!other.what.contains('\u{1b}'), "{other:?}");
        let known: Vec<_> = found.iter().flat_map(|it| &it.reasons).map(|it| it.sentence.is_some()).collect();
        assert_eq!(known, [true, false, true]);
        let told = lines(&found);
        assert!(
            told.contains("session_pinned: A user pinned the session") && told.contains("of a later version"),
            "{told}"
        );
    }

    #[test]
    fn a_page_tells_where_the_next_one_begins() {
        for (output, expected) in [(LINES, (vec![1, 2], 2)), (b"", (vec![], 7))] {
            let page = page_after(output, 7);
            assert_eq!((page.decisions.iter().map(|line| line.n).collect(), page.next), expected);
        }
    }
}
