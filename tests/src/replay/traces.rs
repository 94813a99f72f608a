//! The files that an agent writes beside its hooks: the transcript, Claude's session file, Codex' locks.

use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use serde_json::json;

use super::Replay;
use crate::capture::Payload;

impl Replay {
    /// Grows the transcript if the recorded one had another size: by a prompt if one is sent, otherwise by an answer.
    pub(super) fn grow_transcript(&mut self, event: &str, payload: &Payload, bytes: Option<i64>) {
        let Some(bytes) = bytes.filter(|&bytes| bytes >= 0) else {
            return;
        };
        let Some(path) = payload.transcript_path.clone() else {
            return;
        };
        if self.transcripts.insert(path.clone(), bytes) == Some(bytes) {
            return;
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let id = &payload.session_id;
        let role = if event == "UserPromptSubmit" { "user" } else { "assistant" };
        // Write lines as the agents do, because a reader may depend on how a line begins.
        let line = match self.capture.agent {
            Agent::Claude => format!(
                r#"{{"type":"{role}","sessionId":"{id}","message":{{"role":"{role}","content":[{{"type":"text","text":"words"}}],"stop_reason":"end_turn"}}}}"#
            ),
            Agent::Codex => {
                let kind = if role == "user" { "user_message" } else { "task_complete" };
                format!(
                    r#"{{"timestamp":"2026-01-01T00:00:00.000Z","type":"event_msg","payload":{{"type":"{kind}"}}}}"#
                )
            }
        };
        let mut text = std::fs::read_to_string(&path).unwrap_or_default();
        text.push_str(&format!("{line}\n"));
        std::fs::write(&path, text).unwrap();
    }

    pub(super) fn claude_file(&self, pid: u32) -> PathBuf {
        self.scratch.home().join(".claude/sessions").join(format!("{pid}.json"))
    }

    /// Writes what the agent itself writes before it calls the hook: Claude names its session, and Codex locks it.
    pub(super) fn claim(&mut self, label: &str, event: &str, payload: &Payload) {
        match self.capture.agent {
            Agent::Claude if event == "SessionStart" => {
                let process = &self.processes[label];
                let path = self.claude_file(process.pid());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let text = json!({
                    "pid": process.pid(),
                    "sessionId": payload.session_id,
                    "cwd": payload.cwd,
                    "procStart": process.start(),
                });
                std::fs::write(path, text.to_string()).unwrap();
            }
            Agent::Codex if event != "SessionEnd" => {
                let path = self.codex_lock(payload);
                if !self.locks.contains_key(&path) {
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    self.process(label).lock(&path);
                    self.locks.insert(path, label.to_owned());
                }
            }
            _ => {}
        }
    }

    fn codex_lock(&self, payload: &Payload) -> PathBuf {
        self.scratch.home().join(".codex/thread-writer-locks").join(format!("{}.lock", payload.session_id))
    }

    /// Does what the agent does after its hook: Codex releases an ended session, and a process whose last call was an
    /// end exits.
    pub(super) fn after_call(&mut self, order: u32, label: &str, instead: bool, payload: &Payload) {
        let call = self.capture.call(order);
        if call.event != "SessionEnd" {
            return;
        }
        let last = !instead && self.capture.last_call(label).is_some_and(|last| last.order == order);
        let path = self.codex_lock(payload);
        if self.locks.get(&path).is_some_and(|holder| holder == label) {
            self.process(label).unlock(&path);
            self.locks.remove(&path);
        }
        if last {
            self.exit(label);
        }
    }
}
