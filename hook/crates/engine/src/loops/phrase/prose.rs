//! Reduces an answer to what its reader sees: lines of prose, without code, quotations and markup.

/// Characters that may follow the last word of a line.
const STOPS: [char; 5] = ['.', '!', '\u{2026}', '\u{3002}', '\u{ff01}'];

/// Symbols of success that agents put beside a result.
const CHECK_MARKS: [char; 12] = ['✅', '✔', '✓', '☑', '🎉', '🎊', '🏁', '🚀', '💯', '👍', '✨', '\u{fe0f}'];

/// The markup of emphasis and of inline code, longer marks first.
const EMPHASIS: [&str; 8] = ["***", "**", "*", "___", "__", "_", "``", "`"];

/// Returns the text without what nobody sees: terminal codes, control characters and characters without a width.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' if rest.next_if_eq(&'[').is_some() => {
                // A code such as a colour ends with a character from @ to ~.
                while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
            '\n' | '\t' => shown.push(c),
            _ if c.is_control() || is_without_width(c) => {}
            _ => shown.push(c),
        }
    }
    shown
}

/// Soft hyphen, joiners, marks of direction, and the byte order mark.
const fn is_without_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns the lines that are neither blank nor in a code block, neither quoted nor a horizontal rule.
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
        // A quoted paragraph may continue without the `>`.
        let is_quoted = content.starts_with('>') || was_quoted;
        let is_code = was_blank && (line.starts_with('\t') || line.starts_with("    "));
        if !is_quoted && !is_code && !is_rule(content) {
            prose.push(line);
        }
        (was_blank, was_quoted) = (is_code, is_quoted);
    }
    prose
}

/// Returns the code fence that a line opens.
fn fence_of(content: &str) -> Option<&str> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = content.chars().take_while(|c| *c == mark).count();
    // If backticks follow the three backticks, this is inline code.
    let rest = content.get(length..)?;
    (length >= 3 && !(mark == '`' && rest.contains('`'))).then(|| content.get(..length))?
}

fn is_rule(content: &str) -> bool {
    ['-', '*', '_'].iter().any(|mark| {
        content.chars().all(|c| c == *mark || c == ' ') && content.chars().filter(|c| c == mark).count() >= 3
    })
}

/// Returns the text with single spaces between words.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a line without a heading mark, surrounding emphasis, check marks and a full stop. A list mark stays: a
/// list item is not the final statement of an answer.
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
