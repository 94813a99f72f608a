//! Checks that no file, module, type, function or message uses a word that `docs/glossary.md` replaces.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use agent_baton_tests::program::workspace;

use super::crates::crates;
use super::rust_source::{Token, production_tokens, rust_files, tokens};

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

/// A word or phrase of the glossary's third column.
#[derive(Debug, PartialEq, Eq)]
struct Banned {
    words: Vec<String>,
    /// It has an ordinary use in a sentence, so only a name must not have it.
    in_names_only: bool,
}

impl Banned {
    fn phrase(&self) -> String {
        self.words.join(" ")
    }

    /// Returns whether a name or a text has the words. They match whole words of it: `way` is in `SafeWay` and
    /// `find_way`, but not in `always`.
    fn is_in(&self, text: &str) -> bool {
        words(text).windows(self.words.len()).any(|window| window == self.words)
    }
}

/// Returns what the third column of every table in the glossary lists.
fn glossary() -> Vec<Banned> {
    let text = fs::read_to_string(workspace().join("docs/glossary.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| banned_words(row.rsplit('|').nth(1).unwrap())).collect()
}

/// Returns what a cell lists: a word in backticks is banned, and one in italics only in names.
fn banned_words(cell: &str) -> Vec<Banned> {
    let marked = |mark: char| cell.split(mark).skip(1).step_by(2).map(words).collect::<Vec<_>>();
    let banned = |in_names_only| move |words| Banned { words, in_names_only };
    marked('`').into_iter().map(banned(false)).chain(marked('*').into_iter().map(banned(true))).collect()
}

/// Returns the words of a name or a text: `find_session`, `FindSession` and `FIND_SESSION` have the words `find` and
/// `session`.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for char in text.chars() {
        if !char.is_alphanumeric() || (char.is_uppercase() && after_lower) {
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

fn path_in_workspace(file: &Path) -> String {
    file.strip_prefix(workspace()).unwrap().display().to_string()
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
}

/// A name that the source defines.
struct Name {
    text: String,
    /// It is that of a test, so it is a sentence.
    is_test: bool,
}

fn defined_names(source: &str) -> Vec<Name> {
    const KEYWORDS: [&str; 9] = ["struct", "enum", "trait", "type", "const", "static", "mod", "union", "fn"];
    let (tokens, test) = (tokens(source), tokens("#[test]"));
    let name = |at: usize, pair: &[Token]| {
        let keyword = pair[0].ident().is_some_and(|word| KEYWORDS.contains(&word));
        let text = pair[1].ident().filter(|_| keyword)?.to_owned();
        Some(Name { text, is_test: tokens[..at].ends_with(&test) })
    };
    tokens.windows(2).enumerate().filter_map(|(at, pair)| name(at, pair)).collect()
}

#[test]
fn names_have_no_banned_word() {
    let glossary = glossary();
    let check = |name: &Name| {
        let applies = |banned: &&Banned| !(name.is_test && banned.in_names_only) && banned.is_in(&name.text);
        glossary.iter().filter(applies).find(|_| !EXCEPT.contains(&name.text.as_str()))
    };
    let mut found = BTreeSet::new();
    let tests = [workspace().join("tests/src"), workspace().join("tests/it")];
    for dir in crates().into_iter().map(|member| member.dir).chain(tests) {
        let dirs = [dir.join("src"), dir.join("tests"), dir.clone()];
        let files = dirs.iter().filter(|below| below.is_dir()).flat_map(|below| rust_files(below));
        for file in files.filter(|file| !file.components().any(|part| part.as_os_str() == "target")) {
            let path = path_in_workspace(&file);
            let parts = path.split('/').map(|part| part.trim_end_matches(".rs").to_owned());
            let parts = parts.map(|text| Name { text, is_test: false });
            for name in parts.chain(defined_names(&fs::read_to_string(&file).unwrap())) {
                found.extend(check(&name).map(|banned| format!("{path}: {} has {:?}", name.text, banned.phrase())));
            }
        }
    }
    assert!(found.is_empty(), "docs/glossary.md has the word to use instead:\n{}", Vec::from_iter(found).join("\n"));
}

#[test]
fn messages_have_no_banned_phrase() {
    let glossary: Vec<_> = glossary().into_iter().filter(|banned| !banned.in_names_only).collect();
    let mut found = BTreeSet::new();
    for member in crates() {
        for file in rust_files(&member.dir.join("src")) {
            let path = path_in_workspace(&file);
            if is_test_file(&path) {
                continue;
            }
            for token in production_tokens(&fs::read_to_string(&file).unwrap()) {
                let Token::Literal(text) = token else { continue };
                // A literal without a blank is a key, a flag or a path.
                for banned in glossary.iter().filter(|banned| text.contains(' ') && banned.is_in(&text)) {
                    found.insert(format!("{path}: {:?} in {text:?}", banned.phrase()));
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
        ("A sign of life.", &["a", "sign", "of", "life"]),
    ] {
        assert_eq!(words(name), expected, "{name}");
    }
}

#[test]
fn the_third_column_is_read() {
    let found = banned_words(" `sign of life`, *way* ");
    let shown: Vec<_> = found.iter().map(|banned| (banned.phrase(), banned.in_names_only)).collect();
    assert_eq!(shown, [("sign of life".to_owned(), false), ("way".to_owned(), true)]);
    let [phrase, word] = &found[..] else { panic!("{found:?}") };
    assert!(phrase.is_in("A sign of life.") && !phrase.is_in("design of lifecycles"));
    assert!(word.is_in("SafeWay") && !word.is_in("always"));
    assert!(glossary().len() > 50);
}
