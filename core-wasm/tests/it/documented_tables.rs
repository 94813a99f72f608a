//! Compares the decision tables in the documentation with the rules.

use std::collections::BTreeSet;

use agent_baton_core::reason::Reason;

const OWNERSHIP: &str = include_str!("../../../docs/design/ownership.md");
const LOOPS: &str = include_str!("../../../docs/design/loops.md");
const DECIDE: &str = include_str!("../../src/decide.rs");
const LAUNCH: &str = include_str!("../../src/rules/launch.rs");
const OWNERSHIP_RULE: &str = include_str!("../../src/rules/ownership.rs");
const LOOPS_RULE: &str = include_str!("../../src/rules/loops.rs");
const SUPERVISED_RUN: &str = include_str!("../../src/rules/supervised_run.rs");

/// Returns the reasons in the last column of the tables in a text, in their order.
fn documented(text: &str) -> Vec<&str> {
    let mut reasons = Vec::new();
    let mut in_table = false;
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match (line.starts_with('|'), cells.last()) {
            (false, _) => in_table = false,
            (true, Some(&"reason")) => in_table = true,
            (true, Some(cell)) if in_table && cell.starts_with('`') => reasons.push(cell.trim_matches('`')),
            (true, _) => {}
        }
    }
    reasons
}

/// Returns the section of a page below a heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading:?}"));
    rest.split("\n## ").next().unwrap()
}

/// Returns the reasons that a function of a source file names, each once, in their order.
fn given_by(source: &str, function: &str) -> Vec<&'static str> {
    let (_, rest) = source.split_once(&format!("fn {function}")).unwrap_or_else(|| panic!("no function {function}"));
    let body = rest.split("\n}\n").next().unwrap();
    let mut words = Vec::new();
    for part in body.split("Reason::").skip(1) {
        let name: String = part.chars().take_while(char::is_ascii_alphanumeric).collect();
        let reason = Reason::ALL.iter().find(|reason| format!("{reason:?}") == name);
        let word = reason.unwrap_or_else(|| panic!("{function} names no reason {name:?}")).word();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[test]
fn every_reason_stands_in_a_table_and_every_row_gives_one() {
    let rows: BTreeSet<&str> = [OWNERSHIP, LOOPS].into_iter().flat_map(documented).collect();
    let reasons: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    let undocumented: Vec<_> = reasons.difference(&rows).collect();
    let unknown: Vec<_> = rows.difference(&reasons).collect();
    assert!(undocumented.is_empty() && unknown.is_empty(), "undocumented: {undocumented:?}; no reason: {unknown:?}");
}

#[test]
fn the_rows_stand_in_the_order_of_the_rules() {
    let check = |page, heading: &str, source, function: &str, skipped: usize| {
        let rows = documented(section(page, heading));
        let expected = given_by(source, function);
        let compared: Vec<_> = rows.into_iter().skip(skipped).take(expected.len()).collect();
        assert_eq!(compared, expected, "{heading}, {function}");
    };
    check(OWNERSHIP, "Events that concern no record", DECIDE, "accept<", 0);
    check(OWNERSHIP, "Launches", LAUNCH, "end(", 0);
    check(OWNERSHIP, "The session's run", OWNERSHIP_RULE, "apply(", 0);
    check(LOOPS, "The Stop of an active loop", LOOPS_RULE, "stop(", 0);
}

#[test]
fn a_table_has_every_reason_of_its_rule() {
    let check = |page, heading: &str, source, function: &str| {
        let rows = documented(section(page, heading));
        for word in given_by(source, function) {
            assert!(rows.contains(&word), "{heading} has no row for {word}, which {function} gives");
        }
    };
    check(OWNERSHIP, "Launches", LAUNCH, "reason(");
    check(OWNERSHIP, "Launches", LAUNCH, "apply(");
    check(OWNERSHIP, "Supervised runs", SUPERVISED_RUN, "attach(");
    check(LOOPS, "Other events", LOOPS_RULE, "prompt(");
    check(LOOPS, "Other events", LOOPS_RULE, "apply(");
}

#[test]
fn a_launch_gives_way_to_what_happens_to_a_run() {
    for word in given_by(LAUNCH, "reason(") {
        let routine = Reason::from_word(word).unwrap().is_routine();
        assert!(routine, "{word} would be the reason even where a run moves: add it to `Reason::is_routine`");
    }
}
