//! Checks that no test file is forgotten: each is a module of the test program.

use std::fs;

use agent_baton_tests::program::workspace;

use super::crates::crates;
use super::rust_source::{Token, rust_files, tokens};

#[test]
fn every_test_file_is_declared() {
    let own = workspace().join("tests/it");
    let roots =
        crates().into_iter().map(|member| member.dir.join("tests/it")).chain([own]).filter(|root| root.exists());
    let mut files = 0;
    for root in roots {
        for file in rust_files(&root) {
            files += 1;
            if file == root.join("main.rs") {
                continue;
            }
            let is_mod = file.file_name().is_some_and(|name| name == "mod.rs");
            let module = if is_mod { file.parent().unwrap().to_owned() } else { file.with_extension("") };
            let dir = module.parent().unwrap();
            let name = module.file_name().unwrap().to_str().unwrap().to_owned();
            let declares = |parent: std::path::PathBuf| {
                let wanted = [Token::Ident("mod".into()), Token::Ident(name.clone())];
                fs::read_to_string(parent).is_ok_and(|text| tokens(&text).windows(2).any(|window| window == wanted))
            };
            let parents = [dir.join("main.rs"), dir.join("mod.rs"), dir.with_extension("rs")];
            assert!(
                parents.into_iter().any(declares),
                "{} is no module of the tests: add `mod {name};`",
                file.display()
            );
        }
    }
    assert!(files > 40, "{files}");
}

#[test]
fn tests_are_below_one_program_of_each_package() {
    for member in crates() {
        let dir = member.dir.join("tests");
        for entry in fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            assert!(path.is_dir(), "{}: a test program of its own; make it a module of tests/it", path.display());
        }
    }
}
