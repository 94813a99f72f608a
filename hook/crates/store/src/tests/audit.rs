//! The files of the audit.

use std::fs;

use serde_json::value::to_raw_value;

use crate::audit::{AuditLine, AuditReader, MAX_LINE, OLD_FILES, append, last_number};
use crate::file;
use crate::fixtures;
use crate::state_dir::layout::Layout;

fn line(n: u64, reason: &str) -> AuditLine {
    AuditLine { reason: reason.to_owned(), ..fixtures::audit_line(n, &fixtures::stamp(n)) }
}

fn put(layout: &Layout, n: u64, reason: &str) -> bool {
    let json = line(n, reason).into_json().unwrap();
    append(layout, n, json.get()).unwrap().is_some()
}

fn numbers(layout: &Layout) -> Vec<u64> {
    AuditReader::open(layout).unwrap().map(|line| line.n).collect()
}

fn layout() -> (tempfile::TempDir, Layout) {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::new(dir.path().to_owned());
    layout.make_dirs().unwrap();
    (dir, layout)
}

#[test]
fn a_line_is_appended_once() {
    let (_dir, layout) = layout();
    assert_eq!(last_number(&layout).unwrap(), 0);
    let done: Vec<bool> = [1, 2, 2, 1, 3].map(|n| put(&layout, n, "x")).into();
    assert_eq!(done, [true, true, false, false, true]);
    assert_eq!(numbers(&layout), [3, 2, 1]);
}

#[test]
fn a_torn_tail_is_ended_and_skipped() {
    let (_dir, layout) = layout();
    put(&layout, 1, "x");
    let mut bytes = fs::read(layout.audit(0)).unwrap();
    bytes.extend_from_slice(b"{\"n\":2,\"at\":{\"uni");
    fs::write(layout.audit(0), bytes).unwrap();
    assert!(put(&layout, 2, "x"));
    let mut reader = AuditReader::open(&layout).unwrap();
    assert_eq!(reader.by_ref().map(|line| line.n).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(reader.skipped(), 1);
}

#[test]
fn files_are_rotated_and_bounded() {
    let (_dir, layout) = layout();
    let big = "x".repeat(1024 * 1024);
    for n in 1..=40 {
        put(&layout, n, &big);
    }
    let files = file::list_names(&layout.audit_dir()).unwrap();
    assert_eq!(files.len(), 1 + OLD_FILES, "{files:?}");
    let numbers = numbers(&layout);
    let expected: Vec<u64> = (1..=40).rev().take(numbers.len()).collect();
    assert!(numbers.len() >= 16);
    assert_eq!(numbers, expected);
}

#[test]
fn the_number_goes_on_after_a_rotation_that_was_cut_off() {
    let (_dir, layout) = layout();
    put(&layout, 7, "x");
    fs::rename(layout.audit(0), layout.audit(1)).unwrap();
    assert_eq!(last_number(&layout).unwrap(), 7);
}

#[test]
fn a_line_too_long_says_what_it_leaves_out() {
    let mut long = line(1, "x");
    long.request = to_raw_value(&"x".repeat(MAX_LINE)).ok();
    let short: AuditLine = serde_json::from_str(long.into_json().unwrap().get()).unwrap();
    assert!(short.left_out && short.request.is_none());
}
