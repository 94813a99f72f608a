//! The recorded calls of the real clients. `captures/README.md` describes the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One recorded scenario.
#[derive(Debug)]
pub struct Capture {
    /// Its name, as `claude/11-tui-basic`.
    pub name: String,
    /// The agent.
    pub agent: Agent,
    /// Its processes, by label.
    pub processes: BTreeMap<String, Seen>,
    /// The calls, in order.
    pub calls: Vec<Recorded>,
}

/// The first line of a file.
#[derive(Deserialize)]
struct Head {
    agent: Agent,
    processes: BTreeMap<String, Seen>,
}

/// A process of the agent.
#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    /// Its process name.
    pub comm: String,
    /// Whether it is the shared daemon.
    pub daemon: bool,
    /// Whether it has a terminal.
    pub tty: bool,
}

/// One call of a hook.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    /// Its number in the recording.
    pub order: u32,
    /// Seconds since the scenario began.
    pub t_s: f64,
    /// The last action on the client before the call.
    pub after_step: String,
    /// The event.
    pub event: String,
    /// The shell between the agent and the hook, if any.
    pub shell: Option<String>,
    /// The agent's processes above the hook, nearest first, by label.
    pub chain: Vec<String>,
    /// The size of the transcript that the payload names, or -1 if it does not exist.
    pub transcript_bytes: Option<i64>,
    /// The environment variables of the hook that matter.
    pub env: BTreeMap<String, String>,
    payload: Box<RawValue>,
}

/// The fields of a payload that the harness itself reads.
#[derive(Debug, Deserialize)]
pub struct Payload {
    /// The session.
    pub session_id: String,
    /// The directory.
    pub cwd: PathBuf,
    /// The transcript.
    #[serde(default)]
    pub transcript_path: Option<PathBuf>,
    /// Why a session begins.
    #[serde(default)]
    pub source: Option<String>,
    /// Why it ends.
    #[serde(default)]
    pub reason: Option<String>,
    /// The subagent that the event belongs to.
    #[serde(default)]
    pub agent_id: Option<String>,
}

/// The home directory in the recordings.
pub const HOME: &str = "/home/dev";

impl Recorded {
    /// Returns the payload, byte for byte, with `home` as the home directory.
    #[must_use]
    pub fn payload(&self, home: &str) -> String {
        self.payload.get().replace(HOME, home)
    }

    /// Returns the fields that the harness reads.
    #[must_use]
    pub fn parsed(&self, home: &str) -> Payload {
        serde_json::from_str(&self.payload(home)).unwrap_or_else(|error| panic!("call {}: {error}", self.order))
    }
}

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

impl Capture {
    /// Reads the recording of this name.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let path = dir().join(name).with_extension("jsonl");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines();
        let head: Head = serde_json::from_str(lines.next().expect("a first line")).unwrap();
        let calls =
            lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}")));
        Self { name: name.to_owned(), agent: head.agent, processes: head.processes, calls: calls.collect() }
    }

    /// Returns every recording of an agent, sorted by name.
    #[must_use]
    pub fn all(agent: Agent) -> Vec<Self> {
        let mut names: Vec<String> = std::fs::read_dir(dir().join(agent.name()))
            .unwrap()
            .map(|entry| format!("{agent}/{}", entry.unwrap().path().file_stem().unwrap().to_str().unwrap()))
            .collect();
        names.sort_unstable();
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// Returns the call with this number.
    #[must_use]
    pub fn call(&self, order: u32) -> &Recorded {
        self.calls
            .iter()
            .find(|call| call.order == order)
            .unwrap_or_else(|| panic!("{} has no call {order}", self.name))
    }

    /// Returns the sessions in the order in which they appear.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for call in &self.calls {
            let id = call.parsed(HOME).session_id;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// Returns the last call below a process.
    #[must_use]
    pub fn last_call(&self, label: &str) -> Option<&Recorded> {
        self.calls.iter().rfind(|call| call.chain.first().is_some_and(|nearest| nearest == label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_reads_and_names_only_processes_of_its_head() {
        for agent in Agent::ALL {
            let all = Capture::all(agent);
            assert!(all.len() > 25, "{agent}: {}", all.len());
            for capture in all {
                assert!(!capture.calls.is_empty(), "{}", capture.name);
                for call in &capture.calls {
                    assert!(!call.chain.is_empty(), "{} {}", capture.name, call.order);
                    assert!(call.chain.iter().all(|label| capture.processes.contains_key(label)), "{}", capture.name);
                    assert!(call.payload(HOME).contains(&format!("\"hook_event_name\":\"{}\"", call.event)));
                    assert_ne!(call.parsed(HOME).session_id, "");
                }
            }
        }
    }

    #[test]
    fn a_payload_is_given_byte_for_byte() {
        let capture = Capture::read("codex/11-tui-basic");
        let expected = r#"{"session_id":"01a1"#;
        assert!(capture.call(1).payload("/h").starts_with(expected), "{}", capture.call(1).payload("/h"));
        assert!(capture.call(1).payload("/h").contains(r#""cwd":"/h/work","hook_event_name""#));
    }
}
