//! First stage: reads what the agent sent, and determines which process of the agent sent it.

use std::io;

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{Event, EventName};
use baton_agents::raw_event::{RawEvent, ReadLimits};
use baton_agents::{AgentInspector, DISABLE_VARIABLE, ParsedEvent, spec};
use baton_system::process_stat::ProcessStat;

use super::error::HookError;

/// What the agent sent.
pub(super) struct Received {
    agent: Agent,
    raw: RawEvent,
    is_notification: bool,
}

impl Received {
    /// Returns whether it came as the argument of a notify program. A notification names a thread but does not show
    /// which process has it. So it can be a heartbeat of a known launch, but it cannot start one.
    pub(super) const fn is_notification(&self) -> bool {
        self.is_notification
    }

    /// Returns the payload, for the text of a message. A notification only repeats the message of the `Stop` event.
    pub(super) fn message_source(&self) -> Option<&RawEvent> {
        (!self.is_notification).then_some(&self.raw)
    }
}

/// Reads an event from stdin, or from the notification. Returns `None` if baton does not handle it.
pub(super) fn receive(
    agent: Agent,
    notification: Option<String>,
) -> Result<Option<(Received, ParsedEvent)>, HookError> {
    let is_notification = notification.is_some();
    let (raw, parsed) = match notification {
        None => {
            let raw = RawEvent::read(io::stdin(), ReadLimits::default())?;
            let parsed = spec(agent).parse(&raw)?;
            (raw, parsed)
        }
        Some(text) => {
            let raw = RawEvent::from_argument(text);
            let parsed = spec(agent).parse_notification(&raw).ok_or(HookError::NoNotification(agent))??;
            (raw, parsed)
        }
    };
    let is_handled = parsed.name != EventName::Other && parsed.session.is_some() && !parsed.subagent;
    let received = Received { agent, raw, is_notification };
    Ok(is_handled.then_some((received, parsed)))
}

/// Returns the event and the agent's process, which is `None` if no process of the agent is above this one. Returns
/// nothing at all if the user started the agent with baton disabled.
pub(super) fn identify(
    inspector: &AgentInspector<'_>,
    received: &Received,
    parsed: ParsedEvent,
) -> Option<(Event, Option<ProcessStat>)> {
    let agent = received.agent;
    let process = inspector.agent_process(agent);
    // A repository can set the variable for a hook, so it does not prove anything. But only if it is set is the
    // agent's own environment worth reading.
    let may_be_disabled = std::env::var_os(DISABLE_VARIABLE).is_some();
    if may_be_disabled && process.as_ref().is_some_and(|stat| inspector.is_disabled_by_user(agent, stat)) {
        return None;
    }
    let event = inspector.build_event(agent, &received.raw, parsed, process.as_ref());
    Some((event, process))
}
