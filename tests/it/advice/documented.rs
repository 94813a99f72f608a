//! Runs every command that the documents and the help texts name: baton must know it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use agent_baton_tests::Installation;
use agent_baton_tests::program::workspace;

use super::stage::Stage;
use super::suggestions;
use crate::structure::rust_source::rust_files;

/// What the examples in the documents have from their surroundings.
const VARIABLES: [(&str, &str); 3] =
    [("\"$BATON_RUN\"", "demo"), ("\"$BATON_FENCE\"", "1"), ("--iteration N", "--iteration 1")];

/// A page that shows the arguments of commands instead of calling them.
const DESIGN: &str = "docs/design/fleet.md";

/// The prompts of examples.
const PROMPTS: [&str; 3] = ["$ ", "laptop$ ", "desktop$ "];

fn documents() -> Vec<PathBuf> {
    let mut files = vec![workspace().join("README.md")];
    for dir in ["docs", "docs/guide", "docs/design"] {
        let entries = fs::read_dir(workspace().join(dir)).unwrap().map(|entry| entry.unwrap().path());
        files.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    files.retain(|path| !path.ends_with(DESIGN));
    files
}

/// Returns the command of a line in an indented example.
fn example(line: &str) -> Option<&str> {
    let line = line.strip_prefix("    ")?;
    let command = PROMPTS.iter().find_map(|prompt| line.strip_prefix(prompt)).unwrap_or(line);
    let line = command.strip_prefix("baton ")?;
    Some(line.split("  #").next().unwrap_or(line).trim_end())
}

fn documented() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in documents().into_iter().map(|path| fs::read_to_string(path).unwrap()) {
        found.extend(text.lines().flat_map(suggestions).map(str::to_owned));
        found.extend(text.lines().filter_map(example).map(str::to_owned));
    }
    // The help texts are the comments of the commands.
    for file in rust_files(&workspace().join("hook/src/commands")) {
        let text = fs::read_to_string(file).unwrap();
        let comments = text.lines().filter(|line| line.trim_start().starts_with("//"));
        found.extend(comments.flat_map(suggestions).map(str::to_owned));
    }
    found
}

#[test]
fn baton_knows_every_command_in_the_documents() {
    let commands = documented();
    assert!(commands.len() > 50, "{commands:?}");
    for command in commands {
        let installation = Installation::new();
        let mut stage = Stage::new(&installation);
        stage.owner();
        let line = VARIABLES.iter().fold(stage.fill_in(&command), |line, (name, value)| line.replace(name, value));
        let (code, output) = stage.shell(&format!("baton {line}")).run_at_terminal(80);
        // A text may name a command without its arguments, or a group of commands, which prints its help.
        let refused = output.contains("error: ") && (code == Some(2) || output.contains("Usage: baton"));
        assert!(!refused || output.contains("required arguments were not provided"), "`baton {command}`: {output}");
    }
}

#[test]
fn an_example_is_an_indented_line() {
    for (line, expected) in [
        ("    baton install", Some("install")),
        ("    $ baton session pin x     # kept", Some("session pin x")),
        ("    laptop$ baton fleet init", Some("fleet init")),
        ("baton install", None),
        ("    baton: run moved here", None),
    ] {
        assert_eq!(example(line), expected, "{line}");
    }
}
