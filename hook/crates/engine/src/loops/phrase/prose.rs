//! An answer as its reader sees it: lines of prose, without code, quotations and marks.

/// What a line may end with besides words.
const STOPS: [char; 5] = ['.', '!', '\u{2026}', '\u{3002}', '\u{ff01}'];

/// Marks of success that agents put beside a result.
const CHECK_MARKS: [char; 12] = ['✅', '✔', '✓', '☑', '🎉', '🎊', '🏁', '🚀', '💯', '👍', '✨', '\u{fe0f}'];

/// The marks of emphasis and of code within a line; the longer ones first.
const EMPHASIS: [&str; 8] = ["***", "**", "*", "___", "__", "_", "``", "`"];

/// The lines that are not blank, not in a code block, not quoted and no rule.
pub(super) fn prose_lines(text: &str) -> Vec<&str> {
    let mut prose = Vec::new();
    let mut fence: Option<&str> = None;
    let (mut was_blank, mut was_quoted) = (true, false);
    for line in text.lines() {
        let content = line.trim();
        if let Some(open) = fence {
            if content.starts_with(open) && content.trim_start_matches(|c| open.starts_with(c)).is_empty() {
                fence = None;
                (was_blank, was_quoted) = (true, false);
            }
            continue;
        }
        fence = fence_of(content);
        if fence.is_some() {
            continue;
        }
        if content.is_empty() {
            (was_blank, was_quoted) = (true, false);
            continue;
        }
        // A paragraph goes on without the mark of a quotation.
        let is_quoted = content.starts_with('>') || was_quoted;
        let is_code = was_blank && (line.starts_with('\t') || line.starts_with("    "));
        if !is_quoted && !is_code && !is_rule(content) {
            prose.push(line);
        }
        (was_blank, was_quoted) = (is_code, is_quoted);
    }
    prose
}

/// The fence that a line opens.
fn fence_of(content: &str) -> Option<&str> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = content.chars().take_while(|c| *c == mark).count();
    // What stands behind three backticks holds none, or it is code within a line.
    let rest = content.get(length..)?;
    (length >= 3 && !(mark == '`' && rest.contains('`'))).then(|| content.get(..length))?
}

fn is_rule(content: &str) -> bool {
    ['-', '*', '_'].iter().any(|mark| {
        content.chars().all(|c| c == *mark || c == ' ') && content.chars().filter(|c| c == mark).count() >= 3
    })
}

/// A text with single spaces.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line without what does not belong to its words: a heading's mark, emphasis around it, check marks, a full stop. A list's mark
/// stays: a point of a list is no last word.
pub(super) fn bare(line: &str) -> String {
    let collapsed = collapsed(line);
    let mut text = collapsed.as_str();
    let heading = text.trim_start_matches('#');
    if heading.len() < text.len() && heading.starts_with(' ') {
        text = heading.trim_start();
    }
    loop {
        let mut next = text.trim_end_matches(STOPS).trim_matches(CHECK_MARKS).trim();
        for mark in EMPHASIS {
            next = next.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).unwrap_or(next);
        }
        if next == text || next.is_empty() {
            return text.to_owned();
        }
        text = next;
    }
}
