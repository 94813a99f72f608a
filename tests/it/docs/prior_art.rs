//! Checks that what `docs/PEERS.md` lists as tested is tested.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_tests::program::workspace;
use agent_baton_tests::skip;

/// The systems, by the prefix of their cases' ids.
const SYSTEMS: [&str; 5] = ["omx", "amc", "octo", "ralphex", "flow"];

/// Returns what the page says about each id.
fn listed() -> BTreeMap<String, String> {
    let page = fs::read_to_string(workspace().join("docs/PEERS.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let id = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
        assert_eq!(cells.len(), 3, "{line}");
        assert!(!cells[2].is_empty(), "{id} without a word on it");
        Some((id.to_owned(), cells[1].to_owned()))
    });
    rows.collect()
}

/// Returns the text of every test file.
fn test_files() -> Vec<String> {
    fn collect(dir: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut files = Vec::new();
    for dir in ["core-wasm/tests", "hook/crates", "tests/it", "view/src", "view/tests"] {
        collect(&workspace().join(dir), &mut files);
    }
    files
}

/// Returns the names of the tests that are named after a case, wherever they are.
fn tests() -> Vec<String> {
    let name = |line: &str| {
        let line = line.trim();
        let name =
            line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()).or_else(|| line.strip_suffix(':'))?;
        SYSTEMS.iter().any(|system| name.starts_with(&format!("{system}_"))).then(|| name.to_owned())
    };
    test_files().iter().flat_map(|text| text.lines()).filter_map(name).collect()
}

#[test]
fn every_listed_case_has_its_test_and_every_test_its_row() {
    let listed = listed();
    assert!(listed.len() > 80, "{}", listed.len());
    let tests = tests();
    let mut wanted = Vec::new();
    for (id, outcome) in &listed {
        match outcome.as_str() {
            "same" | "better" | "changed" => wanted.push(id.replace('-', "_")),
            "left out" => {}
            other => panic!("{id}: {other:?} is not one of the page's words"),
        }
    }
    for test in &wanted {
        assert!(tests.contains(test), "{test} is listed and is no test");
    }
    for test in &tests {
        assert!(wanted.contains(test), "{test} is a test and is not listed");
    }
}

/// The cases themselves are not part of this tree. If they are beside it, the page must list each of them.
#[test]
fn no_case_is_forgotten() {
    let beside = || workspace().parent().map(|above| above.join("shared/cases"));
    let Some(dir) = std::env::var_os("BATON_PEER_CASES").map(PathBuf::from).or_else(beside).filter(|dir| dir.is_dir())
    else {
        skip("the peers' cases are not beside this tree; BATON_PEER_CASES names the folder that holds them");
        return;
    };
    let listed = listed();
    let mut seen = 0;
    for system in SYSTEMS {
        for entry in fs::read_dir(dir.join(system)).unwrap() {
            let case: serde_json::Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
            let (id, verdict) = (case["id"].as_str().unwrap(), case["verdict"].as_str().unwrap());
            if !matches!(verdict, "adopt" | "flaw") {
                continue;
            }
            seen += 1;
            let outcome = listed.get(id).unwrap_or_else(|| panic!("{id} is not in docs/PEERS.md"));
            let fits = outcome == "left out" || (outcome == "better") == (verdict == "flaw");
            assert!(fits, "{id}: {outcome}, {verdict}");
        }
    }
    assert!(seen > 0, "no case in {}", dir.display());
}
