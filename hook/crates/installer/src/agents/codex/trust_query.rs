//! Asks Codex itself for the hashes of the hooks to be written.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use baton_fs::child::ProcessGroup;
use serde_json::{Value, json};

use crate::error::InstallError;

/// How long Codex may take to start and to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// How much of its output is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// Why Codex did not say its hashes.
#[derive(Debug)]
pub(super) enum QueryError {
    /// Its temporary home could not be made.
    Install(InstallError),
    /// It cannot be run, or gave no answer.
    NoAnswer(String),
}

/// Returns the hash that Codex computes for each entry of a hooks.json, by the entry's place (`session_start:0:0`).
/// Codex runs with a temporary home that contains only that file. It neither reads nor writes the user's own.
///
/// # Errors
/// Returns an error if Codex cannot be run or gives no answer.
pub(super) fn query_hashes(codex: &Path, hooks: &str) -> Result<Vec<(String, String)>, QueryError> {
    let failed = |why: &str| QueryError::NoAnswer(format!("{} {why}", codex.display()));
    let home = tempfile::Builder::new()
        .prefix("baton-codex-")
        .tempdir()
        .map_err(InstallError::io("make", Path::new("a temporary directory")))
        .map_err(QueryError::Install)?;
    std::fs::write(home.path().join("hooks.json"), hooks)
        .map_err(InstallError::io("write", home.path()))
        .map_err(QueryError::Install)?;
    let mut command = Command::new(codex);
    command.arg("app-server").current_dir(home.path()).env("HOME", home.path()).env("CODEX_HOME", home.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| failed(&format!("cannot be run ({error})")))?;
    let group = ProcessGroup::led_by(&child).map_err(|error| failed(&format!("cannot be run ({error})")))?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let answer = pipes.and_then(|(stdin, stdout)| request_hook_list(stdin, stdout, home.path()));
    group.kill();
    let _ = child.wait();
    let answer = answer.ok_or_else(|| failed("did not list its hooks within 20 seconds"))?;
    let entries = answer.pointer("/result/data/0/hooks").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| failed("answered in an unknown format"))?;
    let entry = |entry: &Value| {
        let key = entry.get("key")?.as_str()?;
        // The path before the place may contain colons.
        let place = key.rsplitn(4, ':').take(3).collect::<Vec<_>>();
        let place = place.into_iter().rev().collect::<Vec<_>>().join(":");
        Some((place, entry.get("currentHash")?.as_str()?.to_owned()))
    };
    Ok(entries.iter().filter_map(entry).collect())
}

/// Exchanges JSON-RPC messages, one per line. The reading thread ends with the child.
fn request_hook_list(mut stdin: ChildStdin, stdout: ChildStdout, dir: &Path) -> Option<Value> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout.take(MAX_ANSWER_BYTES)).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let version = env!("CARGO_PKG_VERSION");
    for message in [
        json!({"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "baton", "version": version}}}),
        json!({"method": "initialized"}),
        json!({"id": 1, "method": "hooks/list", "params": {"cwds": [dir]}}),
    ] {
        writeln!(stdin, "{message}").ok()?;
    }
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    loop {
        let line = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
        let message: Option<Value> = serde_json::from_str(&line).ok();
        if let Some(message) = message.filter(|message| message.get("id") == Some(&json!(1))) {
            return Some(message);
        }
    }
}
