//! Asking Codex itself what it thinks of the hooks that are to be written.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::InstallError;

/// How long Codex may take to start and answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The hash that Codex itself gives to each entry of a hooks.json, by the entry's place (`session_start:0:0`). It is asked with a home
/// of its own that holds that file alone: the user's is neither read nor written.
///
/// # Errors
/// Where Codex cannot be run, or gives no answer.
pub fn query_hashes(codex: &Path, hooks: &str) -> Result<Vec<(String, String)>, InstallError> {
    let failed = |why: &str| InstallError::Untrusted(format!("{} {why}", codex.display()));
    let home = tempfile::Builder::new()
        .prefix("baton-codex-")
        .tempdir()
        .map_err(InstallError::io("make", Path::new("a temporary directory")))?;
    std::fs::write(home.path().join("hooks.json"), hooks).map_err(InstallError::io("write", home.path()))?;
    let mut command = Command::new(codex);
    command.arg("app-server").current_dir(home.path()).env("HOME", home.path()).env("CODEX_HOME", home.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| failed(&format!("cannot be run ({error})")))?;
    let answer = request_hook_list(&mut child, home.path());
    kill(child);
    let answer = answer.ok_or_else(|| failed("did not say within 20 seconds what it thinks of the hooks"))?;
    let entries = answer.pointer("/result/data/0/hooks").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| failed("answered in a form that is not known here"))?;
    let entry = |entry: &Value| {
        let key = entry.get("key")?.as_str()?;
        // The path in front of the place may have colons of its own.
        let place = key.rsplitn(4, ':').take(3).collect::<Vec<_>>();
        let place = place.into_iter().rev().collect::<Vec<_>>().join(":");
        Some((place, entry.get("currentHash")?.as_str()?.to_owned()))
    };
    Ok(entries.iter().filter_map(entry).collect())
}

/// Speaks JSON-RPC, a line each. The thread that reads ends with the child.
fn request_hook_list(child: &mut Child, dir: &Path) -> Option<Value> {
    let mut stdin = child.stdin.take()?;
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
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

/// Its input is closed by now; what is left of it and of its children is killed.
fn kill(mut child: Child) {
    drop(child.stdin.take());
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may have ended by itself.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.wait();
}
