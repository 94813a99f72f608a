//! Reads the recorded messages from outside.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::scratch::Scratch;
use crate::window::Window;

/// Configures which messages are recorded: `off` or `all`.
pub fn keep(scratch: &Scratch, messages: &str) {
    let dir = scratch.home().join(".config/baton");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("config.toml"), format!("messages = \"{messages}\"\n")).unwrap();
}

/// Returns a session's messages, each as a role and a text, whether they are compacted yet or not.
#[must_use]
pub fn said(scratch: &Scratch, session: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (mut known, mut said) = (BTreeSet::new(), Vec::new());
    for file in ["saved.jsonl", "compacting.jsonl", "log.jsonl"] {
        let path = scratch.state_dir().join("conversations").join(session).join(file);
        let lines = std::fs::read_to_string(path).unwrap_or_default();
        for line in lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if known.insert(json!([line["n"], line["hook"], line["at"]["boot"]]).to_string()) {
                said.push((text(&line["role"]), text(&line["text"])));
            }
        }
    }
    said
}

/// Returns the messages as `prompt: text` each.
#[must_use]
pub fn words(scratch: &Scratch, session: &str) -> Vec<String> {
    said(scratch, session).into_iter().map(|(role, text)| format!("{role}: {text}")).collect()
}

impl Window<'_> {
    /// Sends a prompt and the answer to it.
    pub fn turn(&mut self, session: &str, prompt: &str, answer: &str) {
        for ended in [
            self.hook("UserPromptSubmit", session, &json!({"prompt": prompt})),
            self.hook("Stop", session, &json!({"stop_hook_active": false, "last_assistant_message": answer})),
        ] {
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        }
    }
}
