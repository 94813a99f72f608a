//! Shows the change of a file to a user.

use std::fmt::Write;
use std::path::Path;

use baton_display::strip_control_chars;

use baton_installer::config_file::ConfigFile;

/// The longest line that is shown completely, in characters.
const MAX_LINE: usize = 4000;

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The most pairs of lines that are compared. Beyond it, all lines between the first change and the last count as changed.
const MAX_PAIRS: usize = 4_000_000;

/// A line of either text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Kept(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// Returns the difference of one file in the format of `diff -u`. For a symlink, the target is shown, too.
#[must_use]
pub fn unified(source: &ConfigFile, after: Option<&str>) -> String {
    let name = |path: &Path| path.display().to_string();
    let file = source
        .link_target()
        .map_or_else(|| name(&source.path), |real| format!("{} -> {}", name(&source.path), name(real)));
    let none = || "/dev/null".to_owned();
    let old = if source.text.is_some() { file.clone() } else { none() };
    let new = if after.is_some() { file } else { none() };
    let text = hunks(source.text(), after.unwrap_or_default());
    if text.is_empty() { text } else { sanitize_lines(&format!("--- {old}\n+++ {new}\n{text}")) }
}

/// Returns the changed lines with those around them, in groups.
fn hunks(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let lines = compare(&old, &new);
    let changes: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| !matches!(line, Line::Kept(_))).map(|(at, _)| at).collect();
    let mut text = String::new();
    for group in changes.chunk_by(|before, after| after - before <= 2 * CONTEXT + 1) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let (before, rest) = lines.split_at(first.saturating_sub(CONTEXT));
        let shown = rest.iter().take(last + 1 + CONTEXT - before.len());
        let (start, count) = (count_lines(before.iter()), count_lines(shown.clone()));
        let _ = writeln!(text, "@@ -{} +{} @@", range(start.0, count.0), range(start.1, count.1));
        for line in shown {
            let (sign, line) = match line {
                Line::Kept(line) => (' ', line),
                Line::Removed(line) => ('-', line),
                Line::Added(line) => ('+', line),
            };
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            let _ = write!(text, "{sign}{line}{end}");
        }
    }
    text
}

/// Returns how many of these lines are in the old text and in the new one.
fn count_lines<'a>(lines: impl Iterator<Item = &'a Line<'a>>) -> (usize, usize) {
    lines.fold((0, 0), |(old, new), line| match line {
        Line::Kept(_) => (old + 1, new + 1),
        Line::Removed(_) => (old + 1, new),
        Line::Added(_) => (old, new + 1),
    })
}

/// Returns lines as a hunk's header names them: the first, counted from 1, and how many.
fn range(before: usize, count: usize) -> String {
    match count {
        0 => format!("{before},0"),
        1 => (before + 1).to_string(),
        _ => format!("{},{count}", before + 1),
    }
}

/// Returns the lines of both texts with as many kept ones as possible.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let equal = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(new).take_while(equal).count();
    let ((first, old), (_, new)) = (old.split_at(head), new.split_at(head));
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(equal).count();
    let ((mut old, last), (mut new, _)) = (old.split_at(old.len() - tail), new.split_at(new.len() - tail));
    // How many lines the ends of the two have in common, by the lengths of these ends.
    let mut common = vec![vec![0; new.len() + 1]];
    let pairs = old.len().saturating_mul(new.len());
    for line in old.iter().rev().filter(|_| pairs <= MAX_PAIRS) {
        let mut row = vec![0];
        let shorter = common.last().into_iter().flatten();
        for ((other, without_both), without_line) in new.iter().rev().zip(shorter.clone()).zip(shorter.skip(1)) {
            let without_other = row.last().copied().unwrap_or(0);
            row.push(if line == other { without_both + 1 } else { without_other.max(*without_line) });
        }
        common.push(row);
    }
    let common = |old: usize, new: usize| common.get(old).and_then(|row| row.get(new)).copied().unwrap_or(0);
    let mut lines: Vec<Line<'_>> = first.iter().map(|line| Line::Kept(line)).collect();
    loop {
        match (old.split_first(), new.split_first()) {
            (Some((a, old_rest)), Some((b, new_rest))) if a == b => {
                lines.push(Line::Kept(a));
                (old, new) = (old_rest, new_rest);
            }
            (Some((a, rest)), b)
                if b.is_none() || common(rest.len(), new.len()) >= common(old.len(), new.len() - 1) =>
            {
                lines.push(Line::Removed(a));
                old = rest;
            }
            (_, Some((b, rest))) => {
                lines.push(Line::Added(b));
                new = rest;
            }
            (_, None) => break,
        }
    }
    lines.extend(last.iter().map(|line| Line::Kept(line)));
    lines
}

fn sanitize_lines(text: &str) -> String {
    text.split('\n').map(sanitize_line).collect::<Vec<_>>().join("\n")
}

/// Returns a line without control characters. Tabs stay. The CR of a line end is not shown.
fn sanitize_line(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let shown: String = line.chars().take(MAX_LINE).collect();
    let shown = shown.split('\t').map(strip_control_chars).collect::<Vec<_>>().join("\t");
    let left = line.chars().count().saturating_sub(MAX_LINE);
    if left > 0 { format!("{shown}... ({left} more characters)") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_a_terminal() {
        for (line, expected) in
            [("+\tx\r", "+\tx"), ("+\u{1b}[31m", "+\u{fffd}[31m"), ("+\u{202e}live", "+\u{fffd}live")]
        {
            assert_eq!(sanitize_line(line), expected);
        }
        assert!(sanitize_line(&"x".repeat(4100)).ends_with("x... (100 more characters)"));
    }

    #[track_caller]
    fn check(old: &str, new: &str, expected: &str) {
        assert_eq!(hunks(old, new), expected);
    }

    #[test]
    fn hunks_are_those_of_diff() {
        check("", "", "");
        check("a\n", "a\n", "");
        check("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
        check("a\n", "", "@@ -1 +0,0 @@\n-a\n");
        check("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
        check("1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n5\n", "@@ -2,4 +2,5 @@\n 2\n 3\n 4\n+x\n 5\n");
        check("a\nb\nc\n", "a\nx\nc\ny\n", "@@ -1,3 +1,4 @@\n a\n-b\n+x\n c\n+y\n");
    }

    #[test]
    fn changes_that_are_far_apart_are_in_two_hunks() {
        let kept: Vec<String> = (1..=7).map(|n| format!("{n}\n")).collect();
        let (near, far) = (kept[..6].concat(), kept.concat());
        check(&format!("{near}b\n"), &format!("a\n{near}c\n"), "@@ -1,7 +1,8 @@\n+a\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+c\n");
        check(
            &format!("{far}b\n"),
            &format!("a\n{far}c\n"),
            "@@ -1,3 +1,4 @@\n+a\n 1\n 2\n 3\n@@ -5,4 +6,4 @@\n 5\n 6\n 7\n-b\n+c\n",
        );
    }

    #[test]
    fn long_texts_are_compared_in_bounded_time() {
        let text = |sign: &str| (0..MAX_PAIRS / 1000).map(|n| format!("{sign}{n}\n")).collect::<String>();
        let changed = hunks(&text("a"), &text("b"));
        assert!(changed.starts_with("@@ -1,4000 +1,4000 @@\n-a0\n") && changed.ends_with("+b3999\n"));
    }
}
