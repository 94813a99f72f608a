//! What makes an agent call baton: one entry for each hooked event.

use agent_baton_core::agent::Agent;
use jsonc_parser::cst::CstInputValue;
use serde::Serialize;
use serde_json::Value;

/// For how long an agent waits for baton, in seconds. baton ends itself sooner; this is for a machine on which even that fails.
const TIMEOUT: u32 = 5;

/// The same for a Stop: the command of a loop is run there, and may take its time. Without one, baton ends itself as soon as ever.
const STOP_TIMEOUT: u32 = 330;

/// The longest that Codex grants to these events, in seconds. It cuts a longer one and warns.
const CODEX_END_TIMEOUT: u32 = 3;

/// The events that are hooked. A later version that hooks another needs the user's trust anew.
#[must_use]
pub const fn events(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Claude => {
            &["SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "Notification", "PreCompact", "SessionEnd"]
        }
        Agent::Codex => {
            &["SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "PermissionRequest", "PreCompact", "SessionEnd"]
        }
    }
}

/// How the program is named in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookCommand {
    /// By a path of this machine.
    Path(String),
    /// As `baton`, where the PATH of the agent has it; silent where it does not. For files that go to other machines.
    Guarded,
}

/// A group of handlers, as both agents have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookGroup {
    hooks: [Handler; 1],
}

/// One handler. The order of its fields is the order in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Handler {
    r#type: &'static str,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<[String; 3]>,
    timeout: u32,
}

impl HookGroup {
    /// The entry for an event.
    #[must_use]
    pub fn new(agent: Agent, event: &str, command: &HookCommand) -> Self {
        let words = ["hook".to_owned(), "--agent".to_owned(), agent.to_string()];
        let (command, args) = match (command, agent) {
            // Without a shell the path needs no quotes, and the hook's parent is the agent itself.
            (HookCommand::Path(path), Agent::Claude) => (path.clone(), Some(words)),
            (HookCommand::Path(path), Agent::Codex) => (format!("{} {}", shell_quote(path), words.join(" ")), None),
            (HookCommand::Guarded, _) => {
                (format!("if command -v baton >/dev/null 2>&1; then exec baton {}; fi", words.join(" ")), None)
            }
        };
        Self { hooks: [Handler { r#type: "command", command, args, timeout: timeout(agent, event) }] }
    }

    /// The group, for a file.
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

    /// The handler, as it reads back from a file.
    #[must_use]
    pub fn handler(&self) -> Value {
        let [handler] = &self.hooks;
        serde_json::to_value(handler).unwrap_or_default()
    }
}

const fn timeout(agent: Agent, event: &str) -> u32 {
    match (agent, event.as_bytes()) {
        (Agent::Codex, b"SessionEnd" | b"Interrupt") => CODEX_END_TIMEOUT,
        (_, b"Stop") => STOP_TIMEOUT,
        _ => TIMEOUT,
    }
}

/// A path as one word of a shell.
fn shell_quote(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '%' | ',');
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Whether a handler calls baton for an agent, whoever put it there.
#[must_use]
pub fn calls_baton(handler: &Value, agent: Agent) -> bool {
    let Some(command) = handler.get("command").and_then(Value::as_str) else { return false };
    let args = handler.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let line = std::iter::once(command).chain(args).collect::<Vec<_>>().join(" ");
    let Some((program, _)) = line.split_once(&format!("hook --agent {agent}")) else { return false };
    program.trim_end().trim_end_matches(['\'', '"']).ends_with("baton")
}
