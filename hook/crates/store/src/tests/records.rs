//! Reading and writing records, and moving them between locations.

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::request::Reading;
use agent_baton_core::run::Status;
use serde_json::{Value, json};

use crate::fixtures::*;
use crate::{CommitError, StoreError};

#[test]
fn a_state_that_is_not_there_reads_as_absent_and_is_not_made() {
    let world = world();
    assert_eq!(read_session(&world.store, "s"), Reading::Absent);
    assert_eq!(world.store.sessions(Location::Live).unwrap(), []);
    assert!(!world.store.path().exists());
}

#[test]
fn directories_and_files_are_for_this_account_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    put(&mut lock(&world.store), vec![live_session(session("s", 1))]).unwrap();
    let mut left = vec![world.store.path().to_owned()];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        let mode = if meta.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(meta.permissions().mode() & 0o777, mode, "{}", path.display());
        seen += 1;
        if meta.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn records_go_to_the_archive_and_back() {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1)), live_run(run("r", "s", 1))]).unwrap();
    assert!(matches!(read_run(&world.store, "r"), Reading::Live(run) if run.revision == 1));

    put(&mut locked, vec![archived_run(run("r", "s", 1), Status::Abandoned)]).unwrap();
    assert!(matches!(read_run(&world.store, "r"), Reading::Archived(run) if run.revision == 2));
    assert_eq!(world.store.runs(Location::Live).unwrap(), []);
    assert_eq!(world.store.runs(Location::Archive).unwrap(), [id("r")]);

    put(&mut locked, vec![live_run(run("r", "s", 1))]).unwrap();
    assert!(matches!(read_run(&world.store, "r"), Reading::Live(run) if run.revision == 3));
    assert_eq!(world.store.runs(Location::Archive).unwrap(), []);
}

#[test]
fn of_two_copies_the_live_one_counts() {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    let at = |name: &str| world.store.path().join(name);
    std::fs::copy(at("sessions/s.json"), at("archive/sessions/s.json")).unwrap();
    assert!(matches!(read_session(&world.store, "s"), Reading::Live(_)));
}

#[test]
fn a_sessions_log_goes_where_its_record_goes() {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    let at = |name: &str| world.store.path().join(name);
    std::fs::write(at("sessions/s.log"), "x").unwrap();
    let archive = (Record::Session(Box::new(session("s", 1))), Location::Archive);
    put(&mut locked, vec![archive]).unwrap();
    assert!(at("archive/sessions/s.log").exists() && !at("sessions/s.log").exists());
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    assert!(!at("archive/sessions/s.log").exists() && at("sessions/s.log").exists());
}

#[test]
fn fields_of_a_newer_version_survive_a_rewrite() {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    let path = world.store.path().join("sessions/s.json");
    let mut raw: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    raw["new"] = json!({"a": 1});
    raw["launches"][0]["new"] = json!(2);
    raw["launches"][0]["process"]["new"] = json!(3);
    raw["created"]["new"] = json!(4);
    std::fs::write(&path, raw.to_string()).unwrap();

    let Reading::Live(mut session) = read_session(&world.store, "s") else {
        panic!("the session is there");
    };
    session.prompted = true;
    session.launches.insert(0, launch(2));
    put(&mut locked, vec![live_session(session)]).unwrap();
    let raw: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(raw["prompted"], true);
    assert_eq!(raw["new"], json!({"a": 1}));
    assert_eq!(raw["launches"][1]["new"], 2);
    assert_eq!(raw["launches"][1]["process"]["new"], 3);
    assert_eq!(raw["created"]["new"], 4);
}

#[test]
fn a_decision_on_another_revision_changes_nothing() {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    let stale = vec![change(&locked.view(), live_session(session("s", 1)).0, Location::Live)];
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    let committed = commit(&mut locked, &stale);
    assert!(matches!(committed, Err(CommitError::Moved { decided: Some(1), found: Some(2), .. })));
    assert!(matches!(read_session(&world.store, "s"), Reading::Live(it) if it.revision == 2));
}

#[test]
fn every_commit_has_its_line_in_the_audit() {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1))]).unwrap();
    put(&mut locked, vec![live_run(run("r", "s", 1))]).unwrap();
    put(&mut locked, vec![]).unwrap();
    let lines: Vec<_> = world.store.audit().unwrap().collect();
    assert_eq!(lines.iter().map(|line| line.n).collect::<Vec<_>>(), [3, 2, 1]);
    let named: Vec<_> = lines.iter().map(|line| (line.names("s"), line.names("r"))).collect();
    assert_eq!(named, [(false, false), (false, true), (true, false)]);
    assert_eq!(lines[1].changes[0].before, None);
    assert_eq!(lines[1].changes[0].after, 1);
}

#[test]
fn errors_name_the_path_and_whether_the_state_is_read_only() {
    use std::io::{Error, ErrorKind};
    let cases = [
        (ErrorKind::StorageFull, false),
        (ErrorKind::ReadOnlyFilesystem, true),
        (ErrorKind::PermissionDenied, true),
        (ErrorKind::Other, false),
    ];
    for (kind, read_only) in cases {
        let path = std::path::Path::new("/state/lock");
        let error = StoreError::io("open", path)(Error::from(kind));
        let text = error.to_string();
        assert_eq!(text, "cannot open /state/lock");
        assert_eq!(error.is_read_only(), read_only, "{text}");
    }
}
