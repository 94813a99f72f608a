//! Tells whether the user has answered what a session asked for.
//!
//! No event tells it: a granted permission is followed by the next event of the session, which may be the end of its turn
//! an hour later. The result of the call is in the agent's own transcript at once.

use std::path::Path;

use agent_baton_core::event::LastTurn;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use baton_agents::spec;
use baton_display::parse_rfc3339;
use baton_engine::session_status::{AttentionReason, SessionStatus, StatusSince};

/// How much later than the question the call may be recorded that it is about, in milliseconds.
const SAME_MOMENT_MS: u64 = 1000;

/// Returns the status of a session whose question was answered, or `None` if that is not proved: a call has got a result
/// since, and none that may be the one that was asked about is open.
pub(crate) fn after_answer(session: &Session, now: &Timestamp, asked: &StatusSince) -> Option<StatusSince> {
    let asks = [AttentionReason::Permission, AttentionReason::Question].contains(&asked.status.attention_reason()?);
    let transcript = session.transcript.as_deref().filter(|_| asks).map(Path::new)?;
    let calls = spec(session.agent).tool_calls(transcript);
    let milliseconds = |text: &String| parse_rfc3339(text).map(|at| at.unix_ms);
    let answered = calls.newest_result.as_ref().and_then(milliseconds)?;
    let asked_ms = asked.since.unix_ms;
    let may_be_asked_about = |at: &Option<String>| {
        at.as_ref().and_then(milliseconds).is_none_or(|made| made <= asked_ms.saturating_add(SAME_MOMENT_MS))
    };
    if answered <= asked_ms || calls.open.iter().any(may_be_asked_about) {
        return None;
    }
    let turn = spec(session.agent).last_turn(transcript);
    let status = if turn == LastTurn::Ended { SessionStatus::Idle } else { SessionStatus::Active };
    let ago = now.unix_ms.saturating_sub(answered);
    let since = Timestamp { unix_ms: answered, boot: now.boot.clone(), boot_ms: now.boot_ms.saturating_sub(ago) };
    Some(StatusSince { status, since })
}
