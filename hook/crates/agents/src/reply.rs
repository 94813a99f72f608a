//! Renders a reply: exactly one JSON object, or nothing.
//!
//! The text for the model contains only ids, numbers and fixed words, because a run's name could be an instruction.
//! It states facts: Claude treats text that reads like a command as an injection and shows it to the user instead.
//! The text for the user may name runs and panes, without control characters.

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Notification;
use agent_baton_core::event::{EventName, LastTurn};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::is_printable;
use schemars::JsonSchema;
use serde::Serialize;

pub use names::Names;

use dropped::for_model;
use user_text::user_text;

use super::spec;

mod dropped;
mod names;
mod printable;
mod user_text;

/// The reply to `SessionStart` and `UserPromptSubmit` for both agents. Codex drops a reply with any other key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextReply {
    /// The text for the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_specific_output: Option<AdditionalContext>,
    /// The text for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_message: Option<String>,
}

/// The text for the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdditionalContext {
    /// The event that is answered.
    pub hook_event_name: ContextEvent,
    /// The text. It contains only ids, numbers and fixed words.
    pub additional_context: String,
}

/// The events whose reply can reach the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum ContextEvent {
    /// A session starts.
    SessionStart,
    /// The user sends a prompt.
    UserPromptSubmit,
}

/// The reply to any other event. It reaches only the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserReply {
    /// The text for the user.
    pub system_message: String,
}

/// The reply to a `Stop` that makes the agent continue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockReply {
    /// The only decision that both agents know.
    pub decision: Block,
    /// The text that the agent continues with: the loop's prompt, as its user wrote it, and the iteration.
    pub reason: String,
    /// The text for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_message: Option<String>,
}

/// The decision that makes the agent continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The turn does not end.
    Block,
}

/// Whom a reply can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    ModelAndUser(ContextEvent),
    User,
    Nobody,
}

/// Returns whom the reply to an event can reach, according to what the agent accepts (measured: Codex 0.169, Claude
/// Code 2.1.329).
fn audience(agent: Agent, name: EventName) -> Audience {
    match name {
        EventName::SessionStart => Audience::ModelAndUser(ContextEvent::SessionStart),
        EventName::UserPromptSubmit => Audience::ModelAndUser(ContextEvent::UserPromptSubmit),
        EventName::Stop | EventName::PreCompact => Audience::User,
        name if spec(agent).replies.contains(&name) => Audience::User,
        _ => Audience::Nobody,
    }
}

/// Returns the reply to a `Stop` that makes the agent continue with `prompt`.
#[must_use]
pub fn render_block(prompt: String, tell: &[Notification], names: &Names) -> Option<String> {
    let system_message = lines(tell.iter().filter(|tell| !is_iterated(tell)).filter_map(|tell| user_text(tell, names)));
    serde_json::to_string(&BlockReply { decision: Block::Block, reason: prompt, system_message }).ok()
}

/// Returns whether a notification announces the next iteration of a loop.
#[must_use]
pub fn is_iterated(tell: &Notification) -> bool {
    matches!(tell, Notification::Loop { id: told, .. } if told.reason == Reason::Iterated)
}

/// Returns the reply to an event, as it is written to stdout. Returns `None` if there is nothing to report or the
/// agent reads no reply. `notes` are only for the user, because they contain paths.
#[must_use]
pub fn render_reply(
    agent: Agent,
    name: EventName,
    tell: &[Notification],
    names: &Names,
    notes: &[String],
) -> Option<String> {
    let notes =
        notes.iter().map(|note| format!("baton: {}", note.chars().filter(|&c| is_printable(c)).collect::<String>()));
    let user = || lines(tell.iter().filter_map(|tell| user_text(tell, names)).chain(notes));
    match audience(agent, name) {
        Audience::Nobody => None,
        Audience::User => serde_json::to_string(&UserReply { system_message: user()? }).ok(),
        Audience::ModelAndUser(hook_event_name) => {
            let context = lines(tell.iter().filter_map(model_text));
            let reply = ContextReply {
                hook_specific_output: context
                    .map(|additional_context| AdditionalContext { hook_event_name, additional_context }),
                system_message: user(),
            };
            let says = reply.hook_specific_output.is_some() || reply.system_message.is_some();
            if says { serde_json::to_string(&reply).ok() } else { None }
        }
    }
}

fn lines(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn model_text(tell: &Notification) -> Option<String> {
    match tell {
        Notification::Transferred { id: told, iteration, .. } => Some(format!(
            "baton: this session now owns run {run} in this process. Its fence is {fence}; lower fences are refused. \
             Its iteration is {iteration}.",
            run = told.run,
            fence = told.fence,
        )),
        Notification::LastTurn { turn } => {
            let how = match turn {
                LastTurn::InterruptedPrompt => "its last prompt got no answer",
                LastTurn::InterruptedToolCall => "a tool call in it got no result",
                LastTurn::Ended | LastTurn::Unknown => return None,
            };
            Some(format!("baton: before this resume, the last turn of this session was interrupted: {how}."))
        }
        Notification::OwnerElsewhere { id: told, dropped, handed_over, .. } if told.reason == Reason::OwnershipLost => {
            Some(format!(
                "baton: this session no longer owns run {run}. {why}, and its fence is {fence}; lower fences are refused.{dropped}",
                run = told.run,
                why = if *handed_over { "It was handed over to another machine" } else { "Another machine owns it" },
                fence = told.fence,
                dropped = for_model(dropped.as_ref()),
            ))
        }
        Notification::Abandoned { id: told, .. } if told.reason.releases() => Some(format!(
            "baton: this session no longer owns run {run}, which was abandoned on this machine.",
            run = told.run,
        )),
        Notification::OwnerElsewhere { .. }
        | Notification::Interrupted { .. }
        | Notification::Abandoned { .. }
        | Notification::Loop { .. }
        | Notification::SeveralRuns { .. } => None,
    }
}

#[cfg(test)]
mod tests;
