//! What baton knows about the agents Claude Code and Codex, as a table. To add a third agent, add one entry and one
//! file.
//!
//! This crate may touch stdin, the agents' own directories, and the system through an [`AgentInspector`]. It changes
//! nothing. Only this crate knows the agents' JSON.

mod background_work;
mod claude;
mod codex;
mod context_usage;
mod conversation;
mod conversation_directory;
mod disabled;
mod event;
mod identify;
mod inspector;
mod lenient_json;
mod message_text;
mod pane_proof;
mod payload;
mod payload_error;
mod probe;
mod profile;
pub mod raw_event;
pub mod reply;
pub mod session_files;
mod spec;
mod supervisor_claim;
mod survivors;
mod tool_calls;
mod transcript;
mod transcript_place;

use agent_baton_core::agent::Agent;

pub use context_usage::{ContextUsage, PromptCount, TranscriptStats};
pub use conversation::{ConversationEnd, ConversationLimits, Extent, Message, Speaker};
pub use conversation_directory::conversation_directory;
pub use disabled::DISABLE_VARIABLE;
pub use identify::Lineage;
pub use inspector::AgentInspector;
pub use message_text::{MessageText, message_text};
pub use pane_proof::PaneError;
pub use payload::{ParsedEvent, StopDetails};
pub use payload_error::PayloadError;
pub use profile::Profile;
pub use spec::{AgentSpec, BlockCap};
pub use supervisor_claim::{FENCE_VARIABLE, RUN_VARIABLE};
pub use survivors::{COMMAND_SESSION_VARIABLE, Survivor};
pub use tool_calls::ToolCalls;
pub use transcript_place::{MovedConversation, PlaceError, unpack_transcript};

/// Every agent.
pub static AGENTS: [AgentSpec; Agent::ALL.len()] = [claude::SPEC, codex::SPEC];

/// The agent that the demonstration imitates.
pub const DEMONSTRATED: &AgentSpec = &claude::SPEC;

/// Returns the entry of an agent.
#[must_use]
pub const fn spec(agent: Agent) -> &'static AgentSpec {
    match agent {
        Agent::Claude => &claude::SPEC,
        Agent::Codex => &codex::SPEC,
    }
}

#[cfg(test)]
mod tests;
