//! Text for a user's terminal: sanitized text, local times, counts and panes.

mod pane_labels;
mod progress;

use std::error::Error;
use std::io::{self, Write};

use agent_baton_core::liveness::Evidence;
use agent_baton_core::pane::Pane;
use agent_baton_core::run::{ActivitySource, StopReason, is_printable};
use agent_baton_core::timestamp::Timestamp;
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;

pub use pane_labels::{PaneLabels, is_pane_called};
pub use progress::{Progress, clear_progress};

/// Prints one line to stderr.
pub fn warn(text: &str) {
    let line = format!("baton: {}\n", strip_control_chars(text));
    // If stderr is closed, there is no other place to report to.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Returns an error and the errors below it, in one line.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Returns the errors below an error, from the top.
pub fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}

/// Removes control, format and bidirectional characters, so that no text from a record can control the terminal.
#[must_use]
pub fn strip_control_chars(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}

/// Returns the beginning of a text as one line of at most this many characters: cleaned, and with single spaces.
#[must_use]
pub fn preview(text: &str, most: usize) -> String {
    let mut chars = text.split_whitespace().flat_map(|word| std::iter::once(' ').chain(word.chars())).skip(1);
    let mut line: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() && line.pop().is_some() {
        line.push('…');
    }
    strip_control_chars(&line)
}

/// Like [`strip_control_chars`], but keeps the line breaks.
#[must_use]
pub fn strip_control_chars_by_line(text: &str) -> String {
    text.split('\n').map(strip_control_chars).collect::<Vec<_>>().join("\n")
}

/// Returns the evidence of a liveness verdict, to follow "alive", "ended" or "unknown".
#[must_use]
pub const fn format_evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Running => "its process runs",
        Evidence::LockHeld => "its process runs and holds the session's lock",
        Evidence::EndRecorded => "its end was recorded",
        Evidence::Rebooted => "the machine was rebooted since",
        Evidence::Gone => "its process is gone",
        Evidence::Zombie => "its process has ended but is not reaped yet",
        Evidence::PidReused => "its pid now belongs to another process",
        Evidence::OtherProgram => "its process now executes another program",
        Evidence::ChangedProgram => "its process may now execute another program",
        Evidence::ShowsAnother => "its process shows another session",
        Evidence::LockReleased => "its process released the session's lock",
        Evidence::NeverSeen => "no process was ever seen with it",
        Evidence::OtherMachine => "it belongs to another machine",
        Evidence::OtherNamespace => "it belongs to another pid namespace, such as a container",
        Evidence::Unreadable => "the evidence cannot be read",
    }
}

/// Returns why a run ended, paused or waits.
#[must_use]
pub fn format_stop_reason(why: &StopReason) -> String {
    match why {
        StopReason::Stated(text) => text.clone(),
        StopReason::Rule(reason) => reason.sentence().to_owned(),
        StopReason::Idle { idle_ms, threshold_ms, newest } => {
            let newest = match newest {
                ActivitySource::RunRecord => "the run's record",
                ActivitySource::SessionRecord => "the session's record",
                ActivitySource::SessionLog => "the session's log",
            };
            format!(
                "no activity for {} (threshold {}; according to {newest})",
                format_hours(*idle_ms),
                format_hours(*threshold_ms)
            )
        }
    }
}

fn format_hours(ms: u64) -> String {
    let hours = ms / 3_600_000;
    if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} h") }
}

/// Returns a number with its noun in the singular or plural.
#[must_use]
pub fn format_count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Text broken into lines of at most `width` columns: `first` before the first, as many spaces before the others.
#[must_use]
pub fn wrap(width: usize, first: &str, text: &str) -> String {
    let rest = " ".repeat(textwrap::core::display_width(first));
    let options = textwrap::Options::new(width)
        .initial_indent(first)
        .subsequent_indent(&rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

/// Formats a time as RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn format_rfc3339(stamp: &Timestamp) -> String {
    moment(stamp).map_or_else(|| "unknown".to_owned(), |time| format!("{time:.3}"))
}

/// Reads a time as [`format_rfc3339`] writes it. The boot is lost, so ages are measured by the wall clock.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let unix_ms = u64::try_from(text.parse::<Instant>().ok()?.as_millisecond()).ok()?;
    Some(Timestamp { unix_ms, boot: String::new(), boot_ms: 0 })
}

/// Formats a time in the local time zone: only the time of day if it is today, otherwise with the date.
#[must_use]
pub fn format_local(stamp: &Timestamp, now: &Timestamp) -> String {
    let zone = TimeZone::system();
    let (Some(time), Some(now)) = (moment(stamp), moment(now)) else { return "an unknown time".to_owned() };
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone));
    let format = if time.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    time.strftime(format).to_string()
}

/// Formats the local date of a time, such as 2026-11-21.
#[must_use]
pub fn format_date(stamp: &Timestamp) -> String {
    let day = |time: Instant| time.to_zoned(TimeZone::system()).date().to_string();
    moment(stamp).map_or_else(String::new, day)
}

fn moment(stamp: &Timestamp) -> Option<Instant> {
    Instant::from_millisecond(i64::try_from(stamp.unix_ms).ok()?).ok()
}

/// Formats an age in one unit: `just now`, `5 min`, `3 h`, `9 days`.
#[must_use]
pub fn format_age(ms: u64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// How long ago, as the end of a sentence: `just now`, `5 min ago`.
#[must_use]
pub fn format_ago(ms: u64) -> String {
    let age = format_age(ms);
    if ms < 60_000 { age } else { format!("{age} ago") }
}

/// A pane as a user names it.
#[must_use]
pub fn pane_label(pane: &Pane) -> String {
    match pane {
        Pane::Tmux { pane, .. } => format!("pane {}", strip_control_chars(pane)),
        Pane::Zellij { session, pane } => {
            format!("zellij {} pane {}", strip_control_chars(session), strip_control_chars(pane))
        }
        Pane::Tty { tty } => format!("terminal {}", strip_control_chars(tty)),
        Pane::Unknown => "an unknown pane".to_owned(),
    }
}

/// Returns a short name of a pane that still distinguishes it from others.
#[must_use]
pub fn short_pane_label(pane: &Pane) -> String {
    match pane {
        Pane::Tmux { pane, .. } => strip_control_chars(pane),
        Pane::Zellij { session, pane } => format!("{}:{}", strip_control_chars(session), strip_control_chars(pane)),
        Pane::Tty { tty } => strip_control_chars(tty),
        Pane::Unknown => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_does_not_reach_it() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("\u{1b}[31mred", "\u{fffd}[31mred"),
            ("a\nb", "a\u{fffd}b"),
            ("\u{202e}live", "\u{fffd}live"),
        ] {
            assert_eq!(strip_control_chars(text), expected);
        }
    }

    #[test]
    fn a_preview_is_one_line_and_says_that_there_is_more() {
        for (text, most, expected) in [
            (" plain\n\ttext ", 20, "plain text"),
            ("plain text", 10, "plain text"),
            ("plain texts", 10, "plain tex…"),
            ("plain text", 0, ""),
            ("", 9, ""),
            ("\u{1b}[31mé\u{202e}", 9, "\u{fffd}[31mé\u{fffd}"),
        ] {
            assert_eq!(preview(text, most), expected, "{text:?}");
        }
    }

    #[test]
    fn long_text_is_broken_at_spaces_and_indented() {
        let text = "word ".repeat(30);
        let wrapped = wrap(80, "  rule: ", text.trim());
        assert!(wrapped.lines().all(|line| line.len() <= 80), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("        word")), "{wrapped}");
    }

    #[test]
    fn ages_have_one_unit() {
        for (ms, expected) in
            [(0, "just now"), (59_999, "just now"), (60_000, "1 min"), (7_200_000, "2 h"), (172_800_000, "2 days")]
        {
            assert_eq!(format_age(ms), expected);
            let ago = if ms < 60_000 { "just now".to_owned() } else { format!("{expected} ago") };
            assert_eq!(format_ago(ms), ago);
        }
    }

    #[test]
    fn instants_are_utc() {
        let stamp = Timestamp { unix_ms: 1_700_000_000_123, boot: String::new(), boot_ms: 0 };
        assert_eq!(format_rfc3339(&stamp), "2023-11-14T22:13:20.123Z");
        assert_eq!(format_rfc3339(&Timestamp { unix_ms: u64::MAX, ..stamp }), "unknown");
    }
}
