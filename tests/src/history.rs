//! Writes a long history into a state, without the events that would have led to it.

use std::fs;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use crate::Scratch;

/// The days over which the ends of the sessions are spread. None of them has expired.
const DAYS: u64 = 80;

/// How many sessions of the history ended so long ago that they have expired.
pub const EXPIRED: usize = 16;

/// The number of sessions for each ended run.
pub const SESSIONS_PER_RUN: usize = 10;

/// Returns the id of a session of the history. Number 0 is the newest.
#[must_use]
pub fn session_id(n: usize) -> String {
    // The digits are in reverse, so that no ids of neighbours begin alike, as with ids drawn at random.
    let reversed: String = format!("{n:07}").chars().rev().collect();
    format!("{reversed}c-5a1d-4f57-9a53-3a5f{n:08}")
}

/// Returns the id of an ended run of the history.
#[must_use]
pub fn run_id(n: usize) -> String {
    let reversed: String = format!("{n:07}").chars().rev().collect();
    format!("r{reversed}c0ffe")
}

/// Returns the name of such a session or run.
#[must_use]
pub fn name(n: usize) -> String {
    format!("work{n}")
}

/// Fills the archive with copies of a live session, and of its run.
pub fn fill(scratch: &Scratch, session: &str, sessions: usize) {
    let state = scratch.state_dir();
    let read = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let session = read(&state.join(format!("sessions/{session}.json")));
    let run = fs::read_dir(state.join("runs")).unwrap().next().unwrap().unwrap().path();
    let run = read(&run);
    for dir in ["archive/sessions", "archive/runs"] {
        fs::create_dir_all(state.join(dir)).unwrap();
    }
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for part in 0..threads {
            let (state, session, run) = (&state, &session, &run);
            scope.spawn(move || {
                for n in (part..sessions).step_by(threads) {
                    write_session(state, session, n, sessions);
                    if n.is_multiple_of(SESSIONS_PER_RUN) {
                        write_run(state, run, n / SESSIONS_PER_RUN, sessions);
                    }
                }
            });
        }
    });
}

fn write_session(state: &Path, like: &Value, n: usize, of: usize) {
    let mut record = like.clone();
    let at = time(&like["created"], n, of);
    record["id"] = json!(session_id(n));
    record["name"] = json!(name(n));
    record["runs"] = json!([]);
    record["project"] = json!(format!("/work/project{}", n % 10));
    for field in ["created", "updated"] {
        record[field] = at.clone();
    }
    record["ended"] = json!({"at": at, "reason": "ended"});
    record["launches"][0]["started"] = at;
    record["launches"][0]["ended"] = record["ended"].clone();
    fs::write(state.join(format!("archive/sessions/{}.json", session_id(n))), record.to_string()).unwrap();
}

fn write_run(state: &Path, like: &Value, n: usize, of: usize) {
    let mut record = like.clone();
    let at = time(&like["created"], n * SESSIONS_PER_RUN, of);
    record["id"] = json!(run_id(n));
    record["name"] = json!(name(n));
    record["status"] = json!("done");
    for field in ["created", "updated", "finished"] {
        record[field] = at.clone();
    }
    fs::write(state.join(format!("archive/runs/{}.json", run_id(n))), record.to_string()).unwrap();
}

/// Returns the time of a session, in an earlier boot. The last ones of the history have expired.
fn time(now: &Value, n: usize, of: usize) -> Value {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let now = now["unix_ms"].as_u64().unwrap();
    let share = |n: usize| u64::try_from(n).unwrap();
    let days = if n + EXPIRED >= of { 2 * DAYS * DAY_MS } else { DAYS * DAY_MS };
    json!({"unix_ms": now - 60_000 - days / share(of) * share(n), "boot": "an earlier one", "boot_ms": 1})
}
