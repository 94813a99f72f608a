//! Compares what the sources suggest with the situations.

use std::collections::BTreeSet;
use std::fs;

use agent_baton_tests::program::workspace;

use super::{situations, suggestions};
use crate::structure::rust_source::{Token, production_tokens, rust_files};

/// Commands that messages name without suggesting them, and why.
const MENTIONS: &[(&str, &str)] = &[
    ("run with", "a kind of run"),
    ("install", "the call that holds the lock"),
    ("run start", "the command that the user just gave"),
    ("run update", "what an agent cannot do in its sandbox"),
    ("session export", "what wrote a file"),
];

/// The first words of commands that are suggested.
const COMMANDS: [&str; 14] = [
    "run",
    "session",
    "resume",
    "go",
    "project",
    "install",
    "uninstall",
    "doctor",
    "enable",
    "explain",
    "log",
    "fleet",
    "handoff",
    "pickup",
];

/// Literals that are a whole command, and where they are a value of their own.
const VALUES: [&str; 1] = ["baton pickup {session}"]; // the field `command` of a handoff that waits

/// Returns the string literals of the sources.
fn literals() -> Vec<String> {
    let files = ["hook", "core-wasm/src"].into_iter().flat_map(|dir| rust_files(&workspace().join(dir)));
    let production = files
        .filter(|file| !file.components().any(|part| part.as_os_str() == "tests") && !file.ends_with("tests.rs"))
        .flat_map(|file| production_tokens(&fs::read_to_string(file).unwrap()));
    production
        .filter_map(|token| match token {
            Token::Literal(text) => Some(text),
            _ => None,
        })
        .collect()
}

/// Returns whether a text names a command outside of backticks, where nobody would play it.
fn has_bare_command(text: &str) -> bool {
    text.split('`').step_by(2).flat_map(|bare| bare.split("baton ").skip(1)).any(|rest| {
        let word = rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
        COMMANDS.contains(&word)
    })
}

/// Returns whether a pattern, in which anything may stand for `{...}`, is this text.
fn is_pattern_of(pattern: &str, text: &str) -> bool {
    match pattern.split_once('{') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            (0..=text.len()).filter_map(|at| text.get(at..)).any(|text| is_pattern_of(after, text))
        }),
    }
}

#[test]
fn every_suggestion_is_played() {
    let played = |pattern: &str| situations().any(|situation| is_pattern_of(pattern, situation.advice));
    let mentioned = |pattern: &str| MENTIONS.iter().any(|(command, _)| *command == pattern);
    let literals = literals();
    let suggested: BTreeSet<&str> = literals.iter().flat_map(|text| suggestions(text)).collect();
    let missing: Vec<&str> = suggested.into_iter().filter(|it| !played(it) && !mentioned(it)).collect();
    assert!(missing.is_empty(), "no situation in tests/it/advice plays: {missing:#?}");
    let bare: Vec<&String> =
        literals.iter().filter(|text| has_bare_command(text) && !VALUES.contains(&text.as_str())).collect();
    assert!(bare.is_empty(), "a command stands in backticks: {bare:#?}");
}

#[test]
fn a_placeholder_stands_for_anything() {
    for (pattern, text, expected) in [
        ("run adopt {id}{option}", "run adopt RUN --take", true),
        ("run adopt {} --take{to}", "run adopt RUN --take --session SESSION", true),
        ("run adopt {id} --take", "run adopt RUN --force", false),
        ("enable", "enable --project", false),
    ] {
        assert_eq!(is_pattern_of(pattern, text), expected, "{pattern}, {text}");
    }
}
