//! Checks that no file, module, type, function or message uses a word that `docs/glossary.md` replaces, or a
//! metaphor.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use agent_baton_tests::program::workspace;

use super::crates::crates;
use super::rust_source::{Token, production_tokens, rust_files, tokens};

/// Words that are not terms of the field. They match whole words of a name: `way` is in `SafeWay` and `find_way`, but
/// not in `always`.
const BANNED_IN_NAMES: &[&str] = &[
    "aside", "beneath", "beat", "chores", "common", "company", "custody", "dial", "dice", "gauge", "heed", "helper",
    "helpers", "hung", "lossy", "manager", "mend", "mending", "misc", "patient", "person", "roll", "roster", "scribe",
    "shelf", "shelve", "shelved", "shown", "sight", "spoken", "twice", "untold", "util", "utils", "vault", "visit",
    "warden", "way", "wired", "wiring",
];

/// Standard terms that contain a banned word, and names that a trait of another library prescribes.
const EXCEPT: &[&str] = &[
    "roll_back",
    "visit_map",
    "visit_seq",
    "visit_enum",
    "visit_str",
    "visit_bytes",
    "visit_some",
    "visit_none",
    "visit_unit",
];

/// Phrases that no message uses.
const BANNED_IN_MESSAGES: &[&str] = &[
    "by rule",
    "custody",
    "give back",
    "given back",
    "heed",
    "mended",
    "mending",
    "person",
    "put away",
    "scribe",
    "sign of life",
    "signs of life",
    "vault",
    "warden",
];

/// Returns the words of a name: `find_session`, `FindSession` and `FIND_SESSION` have the words `find` and `session`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for char in name.chars() {
        if char == '_' || char == '-' || char == '.' || (char.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = char.is_lowercase() || char.is_ascii_digit();
        if char.is_alphanumeric() {
            words.last_mut().unwrap().extend(char.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the banned word in a name, if there is one.
fn banned(name: &str) -> Option<String> {
    if EXCEPT.contains(&name) {
        return None;
    }
    words(name).into_iter().find(|word| BANNED_IN_NAMES.contains(&word.as_str()))
}

fn path_in_workspace(file: &Path) -> String {
    file.strip_prefix(workspace()).unwrap().display().to_string()
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
}

/// Returns whether a text contains a phrase, at word boundaries.
fn says(text: &str, phrase: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        [before, after].iter().all(|char| char.is_none_or(|char| !char.is_alphanumeric() && char != '_'))
    })
}

/// Returns the names that the source defines. Functions of tests are left out, because the name of a test is a
/// sentence.
fn defined_names(tokens: &[Token], with_functions: bool) -> BTreeSet<&str> {
    const KEYWORDS: [&str; 8] = ["struct", "enum", "trait", "type", "const", "static", "mod", "union"];
    let named = tokens.windows(2).filter(|window| {
        window[0].ident().is_some_and(|word| KEYWORDS.contains(&word) || (word == "fn" && with_functions))
    });
    named.filter_map(|window| window[1].ident()).collect()
}

#[test]
fn names_have_no_banned_word() {
    let mut found = BTreeSet::new();
    let tests = [workspace().join("tests/src"), workspace().join("tests/it")];
    for dir in crates().into_iter().map(|member| member.dir).chain(tests) {
        let dirs = [dir.join("src"), dir.join("tests"), dir.clone()];
        let files = dirs.iter().filter(|below| below.is_dir()).flat_map(|below| rust_files(below));
        for file in files.filter(|file| !file.components().any(|part| part.as_os_str() == "target")) {
            let shown = path_in_workspace(&file);
            let with_functions = !is_test(&shown);
            for part in shown.split('/') {
                found
                    .extend(banned(part.trim_end_matches(".rs")).map(|word| format!("{shown}: the path has {word:?}")));
            }
            for name in defined_names(&tokens(&fs::read_to_string(&file).unwrap()), with_functions) {
                found.extend(banned(name).map(|word| format!("{shown}: {name} has {word:?}")));
            }
        }
    }
    assert!(found.is_empty(), "docs/glossary.md has the word to use instead:\n{}", Vec::from_iter(found).join("\n"));
}

#[test]
fn messages_have_no_banned_phrase() {
    let mut found = BTreeSet::new();
    for member in crates() {
        for file in rust_files(&member.dir.join("src")) {
            let shown = path_in_workspace(&file);
            if is_test(&shown) {
                continue;
            }
            for token in production_tokens(&fs::read_to_string(&file).unwrap()) {
                let Token::Literal(text) = token else { continue };
                // A literal without a blank is a key, a flag or a path.
                for phrase in BANNED_IN_MESSAGES.iter().filter(|phrase| text.contains(' ') && says(&text, phrase)) {
                    found.insert(format!("{shown}: {phrase:?} in {text:?}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "docs/glossary.md has the word to use instead:\n{}", Vec::from_iter(found).join("\n"));
}

#[test]
fn a_name_is_taken_apart_into_words() {
    for (name, expected) in [
        ("find_session", &["find", "session"][..]),
        ("FindSession", &["find", "session"]),
        ("LOCK_TIMEOUT", &["lock", "timeout"]),
        ("always", &["always"]),
        ("SHA256Sum", &["sha256", "sum"]),
    ] {
        assert_eq!(words(name), expected, "{name}");
    }
    assert!(says("A sign of life.", "sign of life") && !says("design of lifecycles", "sign of life"));
}
