//! State directories of every format so far, which the current version must read and continue.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::event::EventName;
use agent_baton_core::fence::Fence;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Status;
use agent_baton_core::session::Launch;
use serde_json::{Value, json};

use crate::fixtures::*;
use crate::{CommitError, Committed, LONG_LOG_BYTES, LockedStore, Store};

const FORMATS: &[&str] = &["format-2"];

/// Copies a state directory, as a backup does. Version control preserves neither modes nor empty directories.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.as_ref().unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
            fs::set_permissions(&to, Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// Returns a store on a copy of a state directory.
fn restored(format: &str) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("state");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format), &root);
    let store = store_at(&root);
    (dir, store)
}

/// Archives a session without changing its content.
fn archive(locked: &mut LockedStore<'_>, name: &str) -> Result<Committed, CommitError> {
    let Reading::Live(session) = locked.view().session(&id(name)) else { panic!("{name} is not live") };
    put(locked, vec![(Record::Session(Box::new(session)), Location::Archive)])
}

/// Returns a file of the state directory as JSON.
fn file(dir: &tempfile::TempDir, path: &str) -> Value {
    serde_json::from_slice(&fs::read(dir.path().join("state").join(path)).unwrap()).unwrap()
}

/// Fields that this version does not know survive a transfer, although the record types do not have them.
#[test]
fn omx_002_transfer_unknown_fields() {
    for format in FORMATS {
        let (dir, store) = restored(format);
        let mut locked = lock(&store);
        let Reading::Live(mut run) = locked.view().run(&id("r")) else { panic!("{format}: r") };
        let Reading::Live(mut session) = locked.view().session(&id("s")) else { panic!("{format}: s") };
        run.owner.process = process(2);
        run.fence = Fence(run.fence.0 + 1);
        session.launches.push(Launch { process: process(2), ..session.launches[0].clone() });
        put(&mut locked, vec![live_run(run), live_session(session)]).unwrap();
        drop(locked);
        let (run, session) = (file(&dir, "runs/r.json"), file(&dir, "sessions/s.json"));
        assert_eq!(run["owner"]["process"]["pid"], json!(2), "{format}");
        assert_eq!(run["of-another-version"], json!(u64::MAX), "{format}");
        assert_eq!(session["of-another-version"], json!({"kept": [1, 2.5, null]}), "{format}");
        let launches = session["launches"].as_array().unwrap();
        let kept: Vec<_> = launches.iter().map(|launch| launch.get("of-another-version")).collect();
        assert_eq!(kept, [Some(&json!("in a launch")), None], "{format}");
    }
}

/// A number that no Rust type represents exactly must be rounded in the same way each time. Otherwise it drifts at each
/// write.
#[test]
fn a_number_beyond_64_bits_is_rounded_once() {
    let number = "18446744073715605195";
    let (dir, store) = restored("format-2");
    let path = dir.path().join("state/runs/r.json");
    let text = fs::read_to_string(&path).unwrap().replace("18446744073709551615", number);
    fs::write(&path, text).unwrap();
    for iteration in [4, 5] {
        let mut locked = lock(&store);
        let Reading::Live(mut run) = locked.view().run(&id("r")) else { panic!("r") };
        run.iteration = iteration;
        put(&mut locked, vec![live_run(run)]).unwrap();
        assert_eq!(file(&dir, "runs/r.json")["of-another-version"].as_f64(), number.parse().ok());
    }
}

#[test]
fn a_state_of_every_format_is_read() {
    for format in FORMATS {
        let (_dir, store) = restored(format);
        let Reading::Live(session) = read_session(&store, "s") else { panic!("{format}: s") };
        let Reading::Live(run) = read_run(&store, "r") else { panic!("{format}: r") };
        let Reading::Archived(gone) = read_run(&store, "gone") else { panic!("{format}: gone") };
        assert_eq!((session.prompted, session.runs, session.launches.len()), (true, vec![id("r")], 1), "{format}");
        assert_eq!(
            (run.status, run.fence, run.iteration, run.history.len()),
            (Status::Active, Fence(2), 3, 1),
            "{format}"
        );
        assert_eq!(gone.status, Status::Cancelled, "{format}");
        let by_pane = store.read(|view| view.by_pane(&pane(1))).unwrap().unwrap();
        assert_eq!(by_pane, [id("s")], "{format}");
        let tail = store.tail(&id("s"), LONG_LOG_BYTES).unwrap();
        assert_eq!((tail.beats().count(), tail.acknowledged(None).len()), (1, 1), "{format}");
        assert_eq!(store.audit().unwrap().map(|line| line.n).collect::<Vec<_>>(), [2, 1], "{format}");
    }
}

#[test]
fn a_state_of_every_format_goes_on() {
    for format in FORMATS {
        let (dir, store) = restored(format);
        {
            let mut locked = lock(&store);
            // The copy has another lock file, so every fence from before the copy is refused.
            let Reading::Live(mut run) = locked.view().run(&id("r")) else { panic!("{format}: r") };
            assert_eq!((run.fence, locked.take_reports().len()), (Fence(1002), 1), "{format}");
            run.iteration = 4;
            put(&mut locked, vec![live_run(run)]).unwrap();
            let done = archive(&mut locked, "s").unwrap();
            assert!(done.unfinished.is_none(), "{format}: {done:?}");
        }
        drop(lock(&store));
        let Reading::Live(run) = read_run(&store, "r") else { panic!("{format}: r") };
        assert_eq!(run.iteration, 4, "{format}");
        assert!(matches!(read_session(&store, "s"), Reading::Archived(_)), "{format}: s");
        let run = file(&dir, "runs/r.json");
        assert_eq!(run["of-another-version"], json!(u64::MAX), "{format}");
        let session = file(&dir, "archive/sessions/s.json");
        assert_eq!(session["of-another-version"], json!({"kept": [1, 2.5, null]}), "{format}");
        assert_eq!(session["launches"][0]["of-another-version"], json!("in a launch"), "{format}");
        let lines: Vec<String> = store.audit().unwrap().map(|line| format!("{} {}", line.n, line.reason)).collect();
        assert_eq!(lines[..3], ["5 test", "4 test", "3 state_restored"], "{format}");
    }
}

#[test]
fn a_number_that_could_not_be_raised_is_raised_once_its_run_can_be_read() {
    for format in FORMATS {
        let (dir, store) = restored(format);
        let path = dir.path().join("state/runs/r.json");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, "{").unwrap();
        for reports in [1, 0] {
            assert_eq!(lock(&store).take_reports().len(), reports, "{format}");
        }
        fs::write(&path, whole).unwrap();
        for _ in 0..2 {
            let locked = lock(&store);
            let Reading::Live(run) = locked.view().run(&id("r")) else { panic!("{format}: r") };
            assert_eq!(run.fence, Fence(1002), "{format}");
        }
    }
}

#[test]
fn nothing_is_written_to_a_state_of_a_newer_format() {
    let (dir, store) = restored(FORMATS[0]);
    let root = dir.path().join("state");
    fs::write(root.join("format"), json!({"format": 999}).to_string()).unwrap();
    let names = || fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let before = names();
    assert!(store.inbox_add(&event(EventName::SessionStart, "s", "d"), &stamp(1)).is_err());
    assert!(store.write_loop_definition(&id("r"), b"{}").is_err());
    store.cache_put("loops", &1);
    assert_eq!((names(), store.cache_get::<u8>("loops")), (before, None));
}
