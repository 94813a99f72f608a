//! How `baton` finds `baton-view`, and how a user who lacks it gets it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use agent_baton_tests::Scratch;
use agent_baton_tests::program::{self, workspace};
use agent_baton_tests::scratch::Output;

/// A directory with `baton` in it, and nothing of the view on the path.
fn installed(scratch: &Scratch) -> PathBuf {
    let bin = scratch.root().join("installed");
    fs::create_dir(&bin).unwrap();
    program::link(program::baton(), &bin.join("baton")).unwrap();
    bin
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(scratch: &Scratch, program: &Path, words: &str) -> Output {
    scratch.program(program, words.split_whitespace()).run()
}

/// Returns the command that a hint names in backticks.
fn advised(stderr: &str) -> Vec<&str> {
    stderr.split('`').nth(1).unwrap_or_else(|| panic!("{stderr}")).split(' ').collect()
}

#[test]
fn the_advice_to_install_the_view_installs_it() {
    let scratch = Scratch::new();
    let bin = installed(&scratch);
    for command in ["top", "serve"] {
        let missing = run(&scratch, &bin.join("baton"), command);
        assert_eq!(missing.code, Some(1), "{missing:?}");
        assert!(missing.stderr.contains("baton-view is not installed"), "{missing:?}");
        assert_eq!(advised(&missing.stderr), ["cargo", "install", "--path", "view"], "{missing:?}");
    }
    for words in ["top --help", "serve -h", "serve --port 1 --help"] {
        let help = run(&scratch, &bin.join("baton"), words);
        let text = help.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["the live view", "Usage: baton", "baton-view is not installed", "`cargo install --path view`"] {
            assert!(help.code == Some(0) && text.contains(part), "{words}: {help:?}");
        }
    }
    // As it was built for the tests, so that nothing is built again, and without asking a registry.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["install", "--path", "view", "--debug", "--locked", "--offline", "--quiet", "--root"]);
    assert!(cargo.arg(scratch.root()).current_dir(workspace()).status().unwrap().success());
    let installed = scratch.root().join("bin/baton-view");
    fs::rename(installed, bin.join("baton-view")).unwrap();
    let found = run(&scratch, &bin.join("baton"), "serve --port 65536");
    assert!(found.code == Some(2) && found.stderr.contains("65536"), "{found:?}");
}

#[test]
fn the_program_beside_baton_comes_before_the_one_on_the_path() {
    let scratch = Scratch::new();
    let (bin, other) = (installed(&scratch), scratch.root().join("other"));
    fs::create_dir(&other).unwrap();
    scratch.set("PATH", Some(&format!("{}:/usr/bin:/bin", other.display())));
    let check_words = |words: &str, expected: &str| {
        let ended = run(&scratch, &bin.join("baton"), words);
        assert_eq!((ended.code, ended.stdout.trim()), (Some(0), expected), "{ended:?}");
    };
    let check = |expected: &str| check_words("top --notify", expected);
    let own = bin.join("baton");
    script(&other.join("baton-view"), "echo path $*");
    check(&format!("path --baton {} top --notify", own.display()));
    // A directory is no program.
    fs::create_dir(bin.join("baton-view")).unwrap();
    check(&format!("path --baton {} top --notify", own.display()));
    fs::remove_dir(bin.join("baton-view")).unwrap();
    script(&bin.join("baton-view"), "echo beside $*");
    check(&format!("beside --baton {} top --notify", own.display()));
    check_words("serve --help", &format!("beside --baton {} serve --help", own.display()));
}

#[test]
fn a_program_in_a_relative_directory_is_not_run() {
    let scratch = Scratch::new();
    let bin = installed(&scratch);
    let project = scratch.root().join("work");
    fs::create_dir_all(&project).unwrap();
    script(&project.join("baton-view"), "echo from the project");
    let run_in_project = |path: &str| {
        scratch.set("PATH", Some(path));
        scratch.program(&bin.join("baton"), ["top"]).cwd(&project).run()
    };
    let absolute = run_in_project(&project.display().to_string());
    assert_eq!(absolute.stdout, "from the project\n", "{absolute:?}");
    for path in [".", "", ":/usr/bin:/bin", "./:/usr/bin:/bin"] {
        let ended = run_in_project(path);
        assert!(ended.code == Some(1) && ended.stderr.contains("is not installed"), "{path}: {ended:?}");
    }
}

#[test]
fn a_program_of_another_version_is_refused() {
    let scratch = Scratch::new();
    let bin = scratch.root().join("installed");
    fs::create_dir(&bin).unwrap();
    program::link(program::baton_view(), &bin.join("baton-view")).unwrap();
    // What is not refused ends because no terminal is there, or because of the port.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let serve = format!("serve --port {}", taken.local_addr().unwrap().port());
    let own = run(&scratch, program::baton(), "--version").stdout.trim().to_owned();
    for (says, is_refused) in [
        ("echo baton 99.0.0", true),
        ("printf 'baton 99\\033[31m'", true),
        (&*format!("echo {own}"), false),
        ("echo another program", false),
        ("exit 1", false),
    ] {
        script(&bin.join("baton"), says);
        for command in [serve.as_str(), "top"] {
            let ended = run(&scratch, &bin.join("baton-view"), command);
            assert_eq!(ended.code, Some(1), "{says}: {ended:?}");
            assert_eq!(ended.stderr.contains("is of version 99"), is_refused, "{says}: {ended:?}");
            assert!(!ended.stderr.contains('\u{1b}'), "{says}: {ended:?}");
        }
    }
}
