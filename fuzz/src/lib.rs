//! Entry points for bytes from outside. The fuzz targets call them, and so does `cargo test -p agent-baton fuzz` with a
//! few thousand damaged samples.
//!
//! No entry point may panic. Data that is accepted must stay the same when it is written and read again.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Decision;
use agent_baton_core::process::HostId;
use agent_baton_core::request::Request;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use baton_agents::raw_event::{RawEvent, ReadLimits};
use baton_agents::spec;
use baton_protect::FileArchive;
use baton_store::{StateDir, Store, ValidatedDecision};

/// How many bytes fit into a pipe at once.
const PIPE_CAPACITY: usize = 60 * 1024;

/// An entry point.
pub type FuzzTarget = fn(&[u8]);

/// Every entry point, by the name of its fuzz target.
pub const TARGETS: &[(&str, FuzzTarget)] = &[
    ("payload", payload),
    ("record", record),
    ("heartbeat_log", heartbeat_log),
    ("wal", wal),
    ("reply", reply),
    ("messages", messages),
    ("file_archive", file_archive),
];

/// Reads a payload from the hook's standard input.
pub fn payload(bytes: &[u8]) {
    for agent in Agent::ALL {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(bytes.get(..PIPE_CAPACITY).unwrap_or(bytes)).unwrap();
        drop(writer);
        if let Ok(raw) = RawEvent::read(reader, ReadLimits::default()) {
            let _ = spec(agent).parse(&raw);
        }
    }
}

/// Reads the file of a record: a session or a run.
pub fn record(bytes: &[u8]) {
    stays_the_same::<Session>(bytes);
    stays_the_same::<Run>(bytes);
}

fn stays_the_same<T: Serialize + DeserializeOwned + PartialEq>(bytes: &[u8]) {
    if let Ok(record) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&record).unwrap();
        let again: T = serde_json::from_slice(&written).unwrap();
        // Compare the serialized form: a number with too many digits is rounded the first time it is read.
        assert!(serde_json::to_vec(&again).unwrap() == written, "a record changed when it was written and read again");
    }
}

/// Reads the end of a session's log.
pub fn heartbeat_log(bytes: &[u8]) {
    with_state("sessions/s.log", bytes, |store| {
        let tail = store.tail(&"s".parse().unwrap(), 8 * 1024).unwrap();
        let _ = (tail.next_n(), tail.deliveries(), tail.acknowledged(None));
    });
}

/// Reads the message log of a session, compacts it, and reads the result, which must be the same.
pub fn messages(bytes: &[u8]) {
    with_state("conversations/s/log.jsonl", bytes, |store| {
        let (s, now) = ("s".parse().unwrap(), Timestamp { unix_ms: 1, boot: "boot".into(), boot_ms: 1 });
        let kept = || store.conversation(&s).unwrap().messages;
        let before = kept();
        let fold = || {
            store
                .lock(Instant::now() + Duration::from_secs(1), &now)
                .unwrap()
                .compact_conversation(&s, &now)
                .unwrap()
                .saved
        };
        assert!(fold() == before.len() && kept() == before, "a fold lost or doubled a message");
        assert!(fold() == 0, "a second fold found something");
    });
}

/// Reads a commit in flight, which the next holder of the lock completes.
pub fn wal(bytes: &[u8]) {
    with_state("wal.json", bytes, |store| {
        let now = Timestamp { unix_ms: 1, boot: "boot".into(), boot_ms: 1 };
        let redone = store.lock(Instant::now() + Duration::from_secs(1), &now);
        let gone = redone.is_err() || !store.pending().unwrap().commit;
        assert!(gone, "a commit stayed in flight although the lock was given");
    });
}

/// Reads a reply of the core.
pub fn reply(bytes: &[u8]) {
    if let Ok(decision) = serde_json::from_slice::<Decision>(bytes) {
        let mut request: Request = serde_json::from_str(include_str!("../../hook/tests/requests/prompt.json")).unwrap();
        request.locked = true;
        let _ = ValidatedDecision::new(&request, &decision);
    }
}

/// Reads a backup of protected files, or an entry of their history.
pub fn file_archive(bytes: &[u8]) {
    if let Ok(archive) = FileArchive::parse(bytes)
        && let Ok(written) = archive.to_bytes()
    {
        assert!(
            FileArchive::parse(&written).is_ok_and(|again| again == archive),
            "an archive changed when it was written and read again"
        );
    }
}

/// Creates a state that contains one file, in memory if possible.
fn with_state(file: &str, bytes: &[u8], look: impl FnOnce(&Store)) {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
    fs::write(&path, bytes).unwrap();
    let place = HostId { boot: "boot".into(), machine: "machine".into(), pidns: 1 };
    look(&Store::open(&StateDir::unchecked(dir.path()), &place));
}
