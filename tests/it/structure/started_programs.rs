//! Checks that no program is started by its name alone: the system would look it up in relative directories of `PATH` too.
//! `baton_fs::program` looks names up.

use std::fs;

use agent_baton_tests::program::workspace;

use super::rust_source::{Token, production_tokens, rust_files};

/// The files that start a program whose path they have, and where they have it from.
const EXCEPT: &[(&str, &str)] = &[
    ("fleet/src/resolver.rs", "one of two absolute paths"),
    ("hook/crates/fleet/src/connection.rs", "beside this program"),
    ("hook/crates/fleet/src/database.rs", "the user's own command, an absolute path"),
    ("hook/crates/fs/src/program.rs", "looks names up"),
    ("hook/crates/installer/src/agents/codex/trust_query.rs", "looked up"),
    ("hook/src/commands/demo/agent.rs", "this program"),
    ("hook/src/commands/doctor/events.rs", "this program"),
    ("hook/src/commands/doctor/installation.rs", "looked up, or the absolute path of an entry"),
    ("hook/src/commands/run/supervisor.rs", "this program"),
    ("hook/src/commands/run/with_command.rs", "the user's own command"),
    ("hook/src/commands/view.rs", "looked up, or beside this program"),
    ("view/src/baton.rs", "made absolute"),
];

/// Returns the names by which a file calls `std::process::Command`.
fn names(tokens: &[Token]) -> Vec<&str> {
    let is = |at: usize, name: &str| tokens.get(at).and_then(Token::ident) == Some(name);
    let process = (0..tokens.len()).filter(|at| is(*at, "process"));
    let named = |at: usize| {
        let end = at + tokens[at..].iter().position(|token| token.is(';')).unwrap_or(0);
        let command = (at..end).find(|at| is(*at, "Command"))?;
        if is(command + 1, "as") { tokens.get(command + 2)?.ident() } else { Some("Command") }
    };
    process.filter_map(named).collect()
}

/// Returns whether a file starts a program, other than by an absolute path that is written there.
fn starts_a_program(text: &str) -> bool {
    let tokens = production_tokens(text);
    let names = names(&tokens);
    tokens.windows(6).any(|window| {
        let [name, first, second, new, open, argument] = window else { return false };
        name.ident().is_some_and(|name| names.contains(&name))
            && first.is(':')
            && second.is(':')
            && new.ident() == Some("new")
            && !(open.is('(') && matches!(argument, Token::Literal(path) if path.starts_with('/')))
    })
}

#[test]
fn programs_are_looked_up_in_one_place() {
    let mut found = Vec::new();
    for file in ["fleet", "hook", "view"].iter().flat_map(|dir| rust_files(&workspace().join(dir))) {
        let path = file.strip_prefix(workspace()).unwrap().display().to_string();
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("/build.rs");
        if !is_test && starts_a_program(&fs::read_to_string(&file).unwrap()) {
            found.push(path);
        }
    }
    let expected: Vec<_> = EXCEPT.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, expected, "baton_fs::program::command starts a program by its name");
}

#[test]
fn a_program_that_is_started_is_found() {
    for (text, expected) in [
        ("use std::process::Command; fn f() { Command::new(\"tmux\"); }", true),
        ("use std::process::{Child, Command, Stdio}; fn f() { Command::new(NAME) }", true),
        ("use std::process::Command as Program; fn f() { Program::new(\"tmux\") }", true),
        ("fn f() { std::process::Command::new(\"tmux\"); }", true),
        ("use std::process::Command; fn f() { x.map(Command::new) }", true),
        ("use std::process::Command; fn f() { Command::new(\"/bin/sh\"); }", false),
        ("use std::process::Command; #[cfg(test)] mod tests { fn f() { Command::new(\"sh\"); } }", false),
        ("use clap::Command; use std::process::Stdio; fn f() { Command::new(\"run\"); }", false),
    ] {
        assert_eq!(starts_a_program(text), expected, "{text}");
    }
}
