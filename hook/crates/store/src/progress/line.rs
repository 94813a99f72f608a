//! Lines of text that cannot be mistaken for a heading or a footer, whatever the text contains.

use agent_baton_core::run::is_printable;
use agent_baton_core::timestamp::Timestamp;
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;

/// The maximum length of a line of text, in characters.
const MAX_LINE: usize = 500;

/// The maximum number of lines of one text. If it has more, only its end is kept.
const MAX_LINES: usize = 100;

/// The maximum length of a reason in a footer, in characters, as in ralphex.
const MAX_REASON: usize = 200;

/// Formats a time in the local time zone, with a format of strftime(3).
pub(super) fn format_moment(at: &Timestamp, format: &str) -> String {
    let time = i64::try_from(at.unix_ms).ok().and_then(|ms| Instant::from_millisecond(ms).ok());
    let zoned = time.unwrap_or_default().to_zoned(TimeZone::system());
    zoned.strftime(format).to_string()
}

/// Returns a text as lines, each after the time in brackets. Blank lines are removed.
pub(super) fn text_lines(at: &Timestamp, text: &str) -> String {
    let time = format_moment(at, "%y-%m-%d %H:%M:%S");
    let lines: Vec<String> =
        text.lines().map(|line| printable(line, MAX_LINE)).filter(|line| !line.trim().is_empty()).collect();
    let kept = lines.len().saturating_sub(MAX_LINES);
    lines.iter().skip(kept).map(|line| format!("[{time}] {line}\n")).collect()
}

/// Returns a reason as one line that is never empty.
pub(super) fn one_line_reason(text: &str) -> String {
    let text = printable(text, MAX_REASON);
    let text = text.trim();
    if text.is_empty() { "unknown error".to_owned() } else { text.to_owned() }
}

/// Returns at most `max` characters, with all unprintable characters replaced.
pub(super) fn printable(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if is_printable(c) { c } else { ' ' }).collect()
}

/// Formats a duration as Go does: `1h2m3s`.
pub(super) fn format_elapsed(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_gos() {
        for (ms, expected) in
            [(0, "0s"), (59_999, "59s"), (62_000, "1m2s"), (3_600_000, "1h0m0s"), (90_061_000, "25h1m1s")]
        {
            assert_eq!(format_elapsed(ms), expected);
        }
    }

    #[test]
    fn no_text_begins_a_line_of_its_own() {
        let at = Timestamp { unix_ms: 0, boot: String::new(), boot_ms: 0 };
        for hostile in
            ["a\n--- iteration 9, fence 9 ---", "\r\n---\r\nx", "a\u{85}b\u{2028}c\u{b}d", "\u{1b}[2J\u{202e}"]
        {
            let written = text_lines(&at, hostile);
            assert!(written.lines().all(|line| line.starts_with('[')), "{written:?}");
            assert!(written.chars().all(|c| c == '\n' || is_printable(c)), "{written:?}");
            assert!(written.is_empty() || written.ends_with('\n'), "{written:?}");
            assert_eq!(one_line_reason(hostile).lines().count(), 1);
        }
        assert_eq!(text_lines(&at, "x\n".repeat(1000).as_str()).lines().count(), MAX_LINES);
        assert_eq!(
            (one_line_reason(" \t\n"), one_line_reason(&"x".repeat(1000)).len()),
            ("unknown error".to_owned(), MAX_REASON)
        );
    }
}
