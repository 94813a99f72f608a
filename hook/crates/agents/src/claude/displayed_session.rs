//! The file in which Claude Code records the session that a process displays.

use std::path::Path;

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use baton_fs::read;
use serde::Deserialize;

use crate::lenient_json::{LenientString, lenient};

/// The largest `sessions/<pid>.json` that baton reads, in bytes. Real files have about 500 bytes.
pub(super) const MAX_SESSION_FILE: usize = 64 * 1024;

/// The fields of `sessions/<pid>.json` that baton reads. Claude updates the file at `/clear` and `/resume`, and
/// leaves it behind after a SIGKILL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionFile {
    pub(super) session_id: String,
    proc_start: ProcStart,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) cwd: Option<String>,
    /// `cli` before a user, `sdk-cli` with `-p`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) entrypoint: Option<LenientString>,
    /// The machine and pid namespace in which the pid counts.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pid_domain: Option<LenientString>,
}

/// The start time of the process in ticks. Some versions write a number, others a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum ProcStart {
    Number(u64),
    Text(String),
}

/// Returns the session that Claude's own file names for this process. Returns `None` if the file is missing or
/// unreadable, or if it was written for an earlier process with the same pid.
pub(super) fn displayed_session(home: &Path, process: &Process) -> Option<SessionId> {
    let path = home.join("sessions").join(format!("{}.json", process.pid));
    let bytes = read::read_own(&path, MAX_SESSION_FILE).ok()?;
    let file: SessionFile = serde_json::from_slice(&bytes).ok()?;
    if file.start()? == process.start { file.session_id.parse().ok() } else { None }
}

impl SessionFile {
    pub(super) fn start(&self) -> Option<u64> {
        match &self.proc_start {
            ProcStart::Number(ticks) => Some(*ticks),
            ProcStart::Text(text) => text.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: (u32, u64) = (4711, 381_757);

    fn check(content: &str, expected: Option<&str>) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("sessions")).unwrap();
        std::fs::write(home.path().join("sessions/4711.json"), content).unwrap();
        let (pid, start) = PROCESS;
        let process = Process { pid, start, boot: String::new(), machine: String::new(), pidns: 1 };
        let found = displayed_session(home.path(), &process);
        assert_eq!(found.as_ref().map(SessionId::as_str), expected, "{content}");
    }

    #[test]
    fn the_session_file_counts_for_the_process_it_was_written_for() {
        check(r#"{"pid":4711,"sessionId":"s1","procStart":381757,"tmux":"a:@0.%0"}"#, Some("s1"));
        check(r#"{"pid":4711,"sessionId":"s1","procStart":"381757"}"#, Some("s1"));
        check(
            r#"{"sessionId":"s1","procStart":381757,"cwd":"/a\udc00","entrypoint":"\ud800","pidDomain":7}"#,
            Some("s1"),
        );
        check(r#"{"pid":4711,"sessionId":"s1","procStart":381758}"#, None);
        check(r#"{"pid":4711,"sessionId":"s1","procStart":"Mon Nov 21"}"#, None);
        check(r#"{"pid":4711,"sessionId":"s1"}"#, None);
        check(r#"{"pid":4711,"sessionId":"../s1","procStart":381757}"#, None);
        check(r#"{"pid":4711,"sessionId":"s1","procStart":381757"#, None);
        check("", None);
        check(&" ".repeat(MAX_SESSION_FILE + 1), None);
    }

    #[test]
    fn a_session_file_that_is_a_link_or_a_pipe_is_not_read() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("sessions")).unwrap();
        let (pid, start) = PROCESS;
        let process = Process { pid, start, boot: String::new(), machine: String::new(), pidns: 1 };
        assert_eq!(displayed_session(home.path(), &process), None);

        let path = home.path().join("sessions/4711.json");
        let elsewhere = home.path().join("elsewhere.json");
        std::fs::write(&elsewhere, r#"{"sessionId":"s1","procStart":381757}"#).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert_eq!(displayed_session(home.path(), &process), None);

        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(displayed_session(home.path(), &process), None);
    }
}
