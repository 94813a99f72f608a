//! Scenarios as text: the steps, and below each the expected result. `cases/replay/README.md` describes the syntax.

use std::path::{Path, PathBuf};

use crate::capture::Capture;
use crate::replay::{Replay, Twist};
use crate::view;

/// The variable that makes the tests write the expected lines anew.
pub const BLESS: &str = "BATON_BLESS";

/// One step of a scenario.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Play { orders: std::ops::RangeInclusive<u32>, twist: Twist },
    Notify { label: String, session: String },
    Kill(String),
    Exit(String),
    Stop(String),
    GoOn(String),
    Command { place: Option<(String, String)>, args: Vec<String> },
}

impl Step {
    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let command = |place: Option<(&str, &str)>, args: &[&str]| Self::Command {
            place: place.map(|(process, session)| (process.to_owned(), session.to_owned())),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
        };
        Some(match words.as_slice() {
            ["play", orders, twist @ ..] => Self::Play { orders: range(orders)?, twist: Twist::parse(twist)? },
            [label, session, "notify"] => Self::Notify { label: (*label).to_owned(), session: (*session).to_owned() },
            ["kill", label] => Self::Kill((*label).to_owned()),
            ["exit", label] => Self::Exit((*label).to_owned()),
            ["stop", label] => Self::Stop((*label).to_owned()),
            ["go-on", label] => Self::GoOn((*label).to_owned()),
            ["$", "baton", args @ ..] => command(None, args),
            [process, session, "$", "baton", args @ ..] => command(Some((process, session)), args),
            _ => return None,
        })
    }

    /// Does the step. Calls `then` with the result after each call of the program.
    fn take(self, replay: &mut Replay, mut then: impl FnMut(&Replay, Option<String>)) {
        match self {
            Self::Play { orders, twist } => {
                let orders = replay.hooked(orders);
                assert!(!orders.is_empty(), "nothing to play");
                for order in orders {
                    let happened = replay.play(order, &twist);
                    then(replay, Some(happened));
                }
                return;
            }
            Self::Notify { label, session } => {
                let happened = replay.notify(&label, &session);
                then(replay, Some(happened));
                return;
            }
            Self::Kill(label) => replay.kill(&label),
            Self::Exit(label) => replay.exit(&label),
            Self::Stop(label) => replay.process(&label).stop(),
            Self::GoOn(label) => replay.process(&label).resume(),
            Self::Command { place, args } => {
                let place = place.as_ref().map(|(process, session)| (process.as_str(), session.as_str()));
                let ended = replay.command(place, &args);
                let status = ended.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
                then(replay, Some(format!("exit {status}")));
                return;
            }
        }
        then(replay, None);
    }
}

fn range(text: &str) -> Option<std::ops::RangeInclusive<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

/// Returns the directory of the scenarios.
#[must_use]
pub fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/replay")
}

/// Plays the scenario of this name and compares the result with its file.
pub fn check(name: &str) {
    let path = dir().join(name).with_extension("txt");
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let actual = show(&expected);
    if actual == expected {
        return;
    }
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, actual).unwrap();
    } else {
        panic!(
            "{}\n{}\n`{BLESS}=1 cargo test -p agent-baton-tests captured_scenarios` writes it again; read the difference first",
            path.display(),
            difference(&expected, &actual)
        );
    }
}

/// Returns the scenario's text with the actual results instead of the expected ones.
fn show(text: &str) -> String {
    let mut shown = String::new();
    let mut replay: Option<Replay> = None;
    let mut last: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("capture ") {
            replay = Some(Replay::new(Capture::read(name)));
            shown.push_str(&format!("{line}\n"));
        } else if let Some(step) = line.strip_prefix("> ") {
            let step = Step::parse(step).unwrap_or_else(|| panic!("no step: {line}"));
            let replay = replay.as_mut().expect("a capture before the first step");
            shown.push_str(&format!("{line}\n"));
            step.take(replay, |replay, happened| {
                if let Some(happened) = happened {
                    shown.push_str(&format!("{happened}\n"));
                }
                let state = replay.state();
                state.check();
                let now = view::lines(&state, replay);
                let changed = now.iter().filter(|line| !last.contains(line)).map(|line| format!("  {line}\n"));
                shown.extend(changed.chain(gone(&last, &now).map(|label| format!("  {label} is gone\n"))));
                last = now;
            });
        } else if line.is_empty() || line.starts_with('#') {
            shown.push_str(&format!("{line}\n"));
        }
    }
    shown
}

/// Returns the labels that had a line and no longer have one.
fn gone<'a>(before: &'a [String], now: &'a [String]) -> impl Iterator<Item = &'a str> {
    let label = |line: &'a String| line.split([' ', ':']).next().unwrap_or_default();
    before.iter().map(label).filter(move |old| !now.iter().any(|line| label(line) == *old))
}

/// Returns the lines that differ, without the common beginning and end.
fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let context = old[head.saturating_sub(3)..head].iter().map(|line| format!("  {line}"));
    let removed = old[head..old.len() - tail].iter().map(|line| format!("- {line}"));
    let added = new[head..new.len() - tail].iter().map(|line| format!("+ {line}"));
    context.chain(removed).chain(added).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_parsed_or_refused() {
        let play = |orders, instead: Option<&str>| {
            let twist = Twist { instead: instead.map(str::to_owned), ..Twist::default() };
            Some(Step::Play { orders, twist })
        };
        assert_eq!(Step::parse("play 1"), play(1..=1, None));
        assert_eq!(Step::parse("play 2-5"), play(2..=5, None));
        assert_eq!(Step::parse("play 2 as P9"), play(2..=2, Some("P9")));
        assert_eq!(Step::parse("kill P1"), Some(Step::Kill("P1".to_owned())));
        let args = vec!["run".to_owned(), "list".to_owned()];
        assert_eq!(Step::parse("$ baton run list"), Some(Step::Command { place: None, args: args.clone() }));
        let place = Some(("P1".to_owned(), "A".to_owned()));
        assert_eq!(Step::parse("P1 A $ baton run list"), Some(Step::Command { place, args }));
        for wrong in ["", "play", "play x", "play 1-", "kill", "P1 $ baton run list", "hop P1"] {
            assert_eq!(Step::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_difference_shows_what_changed_and_a_little_before() {
        assert_eq!(difference("a\nb\nc\nd", "a\nb\nx\nd"), "  a\n  b\n- c\n+ x");
        assert_eq!(difference("a\na", "a\na\na"), "  a\n  a\n+ a");
    }

    #[test]
    fn a_line_that_went_is_named() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(gone(&lines("A x\nB: y\nR1 z"), &lines("A q\nR1 z")).collect::<Vec<_>>(), ["B"]);
    }
}
