//! `baton replay` decides recorded decisions again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::process::Command;

use agent_baton_core::decision::Decision;
use agent_baton_core::request::Request;
use serde_json::{Value, json};

fn request() -> Value {
    serde_json::from_str(include_str!("../requests/prompt.json")).unwrap()
}

/// Returns an audit line of a decision on the prompt.
fn line(n: u64, with: impl Fn(&mut Value)) -> String {
    let request: Request = serde_json::from_value(request()).unwrap();
    let decision: Decision = agent_baton_core::decide::decide(&request);
    let mut line = json!({
        "n": n, "at": request.now, "reason": decision.reason, "asked": {"what": "user_prompt_submit"}, "changes": [],
        "request": request, "decision": decision,
    });
    with(&mut line);
    line.to_string()
}

/// Replays a file of these lines, and checks the status, stdout and stderr.
fn check(lines: &[String], status: i32, stdout: &str, stderr: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("audit.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_baton")).arg("replay").arg(&file).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!((text(output.stdout).as_str(), output.status.code()), (stdout, Some(status)));
    let said = text(output.stderr);
    assert!(said.contains(stderr) && said.is_empty() == stderr.is_empty(), "{said}");
}

#[test]
fn what_comes_out_the_same() {
    let without = |line: &mut Value| {
        line.as_object_mut().unwrap().remove("request");
    };
    check(
        &[line(1, |_| {}), line(2, without)],
        0,
        "2 decisions: 1 unchanged, 0 different, 1 recorded without a request\n",
        "",
    );
}

#[test]
fn what_comes_out_otherwise() {
    let other_row = line(7, |line| line["decision"]["reason"] = json!("owner_alive"));
    let other_words =
        line(8, |line| line["decision"]["notifications"] = json!([{"notification": "several_runs", "runs": ["r1"]}]));
    check(
        &[other_row, line(9, |_| {}), other_words],
        1,
        "decision 7: reasons were owner_alive owner_present, are now heartbeat owner_present\ndecision 8: notifications differ\n\
         3 decisions: 1 unchanged, 2 different, 0 recorded without a request\n",
        "2 recorded decisions differ",
    );
}

#[test]
fn what_is_no_audit_line() {
    let torn = line(3, |_| {})[..200].to_owned();
    check(
        &[torn, line(4, |_| {})],
        0,
        "1 decision: 1 unchanged, 0 different, 0 recorded without a request\n",
        "skipped 1 line that this version cannot read",
    );
}

#[test]
fn a_file_that_is_not_there() {
    let output = Command::new(env!("CARGO_BIN_EXE_baton")).args(["replay", "nowhere.jsonl"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read nowhere.jsonl"));
}

#[test]
fn the_state_of_this_account() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    let output = command.arg("replay").current_dir("/").env("BATON_HOME", dir.path().join("state")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "0 decisions: 0 unchanged, 0 different, 0 recorded without a request\n", "{:?}", output.stderr);
}
