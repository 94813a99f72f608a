//! The entries that make an agent call baton: one for each hooked event.

use agent_baton_core::agent::Agent;
use jsonc_parser::cst::CstInputValue;
use serde::Serialize;
use serde_json::Value;

use super::agent_hooks::{AgentHooks, HookedEvent};

/// The timeout of a hook, in seconds. baton ends itself sooner. This is for a machine on which even that fails.
pub(crate) const TIMEOUT: u32 = 5;

/// The timeout of a `Stop` hook, in seconds. It is long because the hook runs a loop's command. Without a loop, baton
/// ends as soon as for any other event.
pub(crate) const STOP_TIMEOUT: u32 = 330;

/// How an entry names the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookCommand {
    /// By its path on this machine.
    Path(String),
    /// As `baton`, if the agent's PATH has it. Otherwise, the hook does nothing. For files that go to other machines.
    Guarded,
}

/// A group of handlers, in the form that the agents use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookGroup {
    hooks: [Handler; 1],
}

/// One handler. Its fields are in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Handler {
    r#type: &'static str,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<[String; 3]>,
    timeout: u32,
}

/// Returns all of an agent's entries as the text of a file that has nothing else, for a user to copy.
#[must_use]
pub fn to_json(hooks: &AgentHooks, command: &HookCommand) -> String {
    let groups: serde_json::Map<String, Value> = hooks
        .events
        .iter()
        .map(|event| {
            let group = serde_json::to_value(HookGroup::new(hooks, event, command)).unwrap_or_default();
            (event.name.to_owned(), Value::Array(vec![group]))
        })
        .collect();
    serde_json::to_string_pretty(&serde_json::json!({ "hooks": groups })).unwrap_or_default()
}

impl HookGroup {
    /// Creates the entry for an event.
    #[must_use]
    pub fn new(hooks: &AgentHooks, event: &HookedEvent, command: &HookCommand) -> Self {
        let words = ["hook".to_owned(), "--agent".to_owned(), hooks.agent.to_string()];
        let (command, args) = match command {
            HookCommand::Path(path) if hooks.starts_program => (path.clone(), Some(words)),
            HookCommand::Path(path) => (format!("{} {}", quote_path(path), words.join(" ")), None),
            HookCommand::Guarded => {
                (format!("if command -v baton >/dev/null 2>&1; then exec baton {}; fi", words.join(" ")), None)
            }
        };
        Self { hooks: [Handler { r#type: "command", command, args, timeout: event.timeout }] }
    }

    /// Returns the group as a value for the file.
    #[must_use]
    pub(crate) fn to_cst(&self) -> CstInputValue {
        let [handler] = &self.hooks;
        let text = |text: &str| CstInputValue::String(text.to_owned());
        let mut fields =
            vec![("type".to_owned(), text(handler.r#type)), ("command".to_owned(), text(&handler.command))];
        let args = handler.args.iter().map(|args| CstInputValue::Array(args.iter().map(|arg| text(arg)).collect()));
        fields.extend(args.map(|args| ("args".to_owned(), args)));
        fields.push(("timeout".to_owned(), CstInputValue::Number(handler.timeout.to_string())));
        let handlers = CstInputValue::Array(vec![CstInputValue::Object(fields)]);
        CstInputValue::Object(vec![("hooks".to_owned(), handlers)])
    }

    /// Returns the handler as it reads back from the file.
    #[must_use]
    pub fn handler(&self) -> Value {
        let [handler] = &self.hooks;
        serde_json::to_value(handler).unwrap_or_default()
    }
}

/// Quotes a path as one word of any shell. Its characters stay as they are, because not every `sh` knows `$'...'`.
fn quote_path(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '%' | ',');
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Returns whether a handler calls baton for an agent, whoever installed it.
#[must_use]
pub fn calls_baton(handler: &Value, agent: Agent) -> bool {
    let Some(command) = handler.get("command").and_then(Value::as_str) else { return false };
    let args = handler.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let line = std::iter::once(command).chain(args).collect::<Vec<_>>().join(" ");
    let Some((program, _)) = line.split_once(&format!("hook --agent {agent}")) else { return false };
    program.trim_end().trim_end_matches(['\'', '"']).ends_with("baton")
}
