//! Checks that no error message repeats its source: whoever prints an error prints the errors below it too.

use std::fs;

use agent_baton_tests::program::workspace;

use super::rust_source::rust_files;

/// Returns the variants of error enums, each from its `#[error]` to the next one.
fn variants(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[error(").skip(1).map(|variant| variant.split("\n}\n").next().unwrap_or(variant))
}

/// Returns whether the message of a variant contains the text of its source.
fn repeats_source(variant: &str) -> bool {
    let (message, fields) = variant.split_once(")]").unwrap_or((variant, ""));
    let positional = message.contains("{0}") && (fields.contains("(#[from]") || fields.contains("(#[source]"));
    message.contains("{source}") || positional
}

#[test]
fn no_message_repeats_its_source() {
    let mut wrong = Vec::new();
    for file in ["fleet", "hook", "view"].iter().flat_map(|dir| rust_files(&workspace().join(dir))) {
        let text = fs::read_to_string(&file).unwrap();
        wrong.extend(variants(&text).filter(|it| repeats_source(it)).map(|it| format!("{}: {it}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_repeated_source_is_found() {
    for (variant, expected) in [
        ("\"cannot open {path}: {source}\")]\n    Io {\n", true),
        ("\"failed: {0}\")]\n    Core(#[from] CoreError),\n", true),
        ("\"cannot open {path}\")]\n    Io {\n", false),
        ("\"{0} is missing\")]\n    Missing(&'static str),\n", false),
        ("transparent)]\n    Core(#[from] CoreError),\n", false),
    ] {
        assert_eq!(repeats_source(variant), expected, "{variant}");
    }
}
