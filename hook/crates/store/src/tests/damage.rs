//! State directories that were damaged, copied, or brought from another machine.

use std::fs;
use std::path::Path;

use agent_baton_core::fence::Fence;
use agent_baton_core::request::Reading;
use serde_json::{Value, json};

use crate::fixtures::*;
use crate::{LockError, Store, file};

fn two() -> World {
    let world = world();
    let records = vec![live_session(session("s", 1)), live_run(run("r", "s", 1))];
    put(&mut lock(&world.store), records).unwrap();
    world
}

#[test]
fn what_cannot_be_read_is_unreadable_and_left_byte_for_byte() {
    let world = two();
    let path = world.store.path().join("runs/r.json");
    let good = fs::read(&path).unwrap();
    let mut other: Value = serde_json::from_slice(&good).unwrap();
    other["id"] = json!("other");
    let mut status: Value = serde_json::from_slice(&good).unwrap();
    status["status"] = json!("a_word_of_tomorrow");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("cut", good[..good.len() / 2].to_vec()),
        ("another id", other.to_string().into()),
        ("another status", status.to_string().into()),
        ("a list", b"[]".to_vec()),
        ("too large", vec![b' '; 1024 * 1024 + 1]),
        ("binary", vec![0xff; 100]),
    ];
    for (name, bytes) in cases {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read_run(&world.store, "r"), Reading::Unreadable, "{name}");
        let why = world.store.read(|view| view.run_error(&id("r"))).unwrap();
        assert!(why.unwrap().to_string().contains("runs/r.json"), "{name}");
        let mut locked = lock(&world.store);
        // A change that treats the record as absent does not overwrite it.
        let changes =
            [change(&locked.view(), live_run(run("r", "s", 1)).0, agent_baton_core::decision::Location::Live)];
        assert!(commit(&mut locked, &changes).is_err(), "{name}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
    assert_eq!(read_run(&world.store, "r"), Reading::Unreadable);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(read_run(&world.store, "r"), Reading::Unreadable);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn fence(store: &Store) -> Fence {
    read_run(store, "r").record().unwrap().fence
}

#[test]
fn a_state_put_back_from_a_copy_has_higher_fences_once() {
    let world = two();
    let copied = world.dir.path().join("copied");
    copy(world.store.path(), &copied);
    let store = store_at(&copied);
    let mut locked = lock(&store);
    assert_eq!(locked.take_reports().len(), 1);
    drop(locked);
    assert_eq!(fence(&store), Fence(1001));
    let line = store.audit().unwrap().next().unwrap();
    assert_eq!(line.reason, "state_restored");
    assert!(line.names("r"));
    drop(lock(&store));
    assert_eq!(fence(&store), Fence(1001));
    drop(lock(&world.store));
    assert_eq!(fence(&world.store), Fence(1), "the original is as it was");
}

#[test]
fn a_lost_format_counts_as_put_back() {
    let world = two();
    fs::remove_file(world.store.path().join("format")).unwrap();
    assert!(!world.store.pending().unwrap().is_empty());
    drop(lock(&world.store));
    assert_eq!(fence(&world.store), Fence(1001));
    assert!(world.store.pending().unwrap().is_empty());
}

#[test]
fn a_format_that_is_not_ours_is_never_written_to() {
    let world = two();
    let path = world.store.path().join("format");
    for (text, newer) in [("{\"format\":3,\"all\":\"else\"}", true), ("garbage", false), ("", false)] {
        fs::write(&path, text).unwrap();
        let found = world.store.lock(soon(), &stamp(1)).err().unwrap();
        assert_eq!(matches!(found, LockError::NewerFormat { found: 3, .. }), newer, "{found}");
        assert!(!world.store.pending().unwrap().is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(matches!(read_run(&world.store, "r"), Reading::Live(_)));
    }
}

#[test]
fn a_commit_of_another_machine_is_not_completed() {
    let world = two();
    let layout = &world.store.layout;
    let entry = json!({"target": {"kind": "run", "location": "live", "id": "r"}, "before": 1, "after": null});
    let wal = json!({"machine": "elsewhere", "at": stamp(1), "entries": [entry], "audit": 9, "line": {"n": 9}});
    fs::write(layout.wal(), wal.to_string()).unwrap();
    let found = world.store.lock(soon(), &stamp(1)).err().unwrap();
    assert!(matches!(found, LockError::OtherMachine { .. }), "{found}");
    assert_eq!(read_run(&world.store, "r"), Reading::Unreadable);
    assert!(matches!(read_session(&world.store, "s"), Reading::Live(_)));
    fs::remove_file(layout.wal()).unwrap();
    assert!(matches!(read_run(&world.store, "r"), Reading::Live(_)));
}

#[test]
fn a_commit_that_cannot_be_read_is_quarantined_and_reported() {
    let world = two();
    let layout = &world.store.layout;
    let escape = json!({"machine": "machine", "at": stamp(1), "audit": 9, "line": {"n": 9},
        "entries": [{"target": {"kind": "run", "location": "live", "id": "../../x"}, "before": 1, "after": null}]});
    for text in ["{\"machine\":", "", escape.to_string().as_str()] {
        fs::write(layout.wal(), text).unwrap();
        let mut locked = lock(&world.store);
        assert_eq!(locked.take_reports().len(), 1, "{text}");
        assert!(!layout.wal().exists());
    }
    assert_eq!(file::list_names(&layout.quarantine_dir()).unwrap().len(), 3);
    assert!(matches!(read_run(&world.store, "r"), Reading::Live(_)));
}

#[test]
fn a_recovery_leaves_what_is_at_another_revision() {
    let cases = [
        ("before, its new version gone", 1, 2, None, 1),
        ("at the one after", 0, 1, None, 0),
        ("at a later one", 0, 1, Some(0), 0),
        ("at an older one", 5, 6, Some(6), 1),
    ];
    for (name, before, after, _temp, reports) in cases {
        let world = two();
        let layout = &world.store.layout;
        let bytes = format!("{{\"revision\":{after}}}");
        let hash = crate::state_dir::layout::Hash::of(bytes.as_bytes());
        let entry = json!({"target": {"kind": "run", "location": "live", "id": "r"}, "before": before,
            "after": {"revision": after, "hash": hash}});
        let wal = json!({"machine": "machine", "at": stamp(1), "entries": [entry], "audit": 9, "line": {"n": 9}});
        if name != "before, its new version gone" {
            fs::write(layout.temp(0), bytes).unwrap();
        }
        fs::write(layout.wal(), wal.to_string()).unwrap();
        let stands = fs::read(world.store.path().join("runs/r.json")).unwrap();
        let mut locked = lock(&world.store);
        assert_eq!(locked.take_reports().len(), reports, "{name}");
        assert_eq!(fs::read(world.store.path().join("runs/r.json")).unwrap(), stands, "{name}");
        assert!(!layout.wal().exists(), "{name}");
    }
}
