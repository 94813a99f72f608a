//! Decides which ended sessions expire.

use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use baton_store::AuditAction;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Retention;

/// Why a session is kept, whatever its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetainedBecause {
    /// A launch of it is alive.
    Alive,
    /// Its liveness is unknown.
    Unknown,
    /// A user pinned it.
    Pinned,
    /// It owns an unfinished run, or a run that cannot be read.
    OwnsRun,
    /// A user restored it, more recently than the trash period.
    Restored,
}

/// Why a session leaves its location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryReason {
    /// It ended longer ago than sessions are kept.
    Age,
    /// There are more newer sessions than are kept.
    Count,
    /// It has been in the trash for the whole trash period.
    TrashAge,
}

impl ExpiryReason {
    /// Returns the action that the audit records.
    #[must_use]
    pub const fn audit_action(self) -> AuditAction {
        match self {
            Self::Age => AuditAction::ExpiredByAge,
            Self::Count => AuditAction::ExpiredByCount,
            Self::TrashAge => AuditAction::TrashEmptied,
        }
    }

    /// Returns the reason, for a user.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Age => "it ended longer ago than sessions are kept",
            Self::Count => "enough newer sessions are kept",
            Self::TrashAge => "it has been in the trash long enough",
        }
    }
}

/// An ended session that may expire, and the time of its end.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedSession {
    /// Its record.
    pub session: Session,
    /// When it ended. If no end was recorded, this is its last heartbeat.
    pub ended_at: Timestamp,
}

/// Returns why a session must be kept, or `None` if it may expire.
#[must_use]
pub fn retained_because(session: &Session, live: Live, now: &Timestamp, policy: &Retention) -> Option<RetainedBecause> {
    let restored = session.ended.as_ref().filter(|over| over.reason == Reason::Restored);
    match live {
        Live::Yes => Some(RetainedBecause::Alive),
        Live::Unknown => Some(RetainedBecause::Unknown),
        Live::No if session.pinned => Some(RetainedBecause::Pinned),
        Live::No if !session.runs.is_empty() => Some(RetainedBecause::OwnsRun),
        Live::No if restored.is_some_and(|over| over.at.age_ms(now) <= policy.trash.ms()) => {
            Some(RetainedBecause::Restored)
        }
        Live::No => None,
    }
}

/// Returns the sessions that must leave the live ones. There are two pools, ordinary and headless sessions. In each,
/// those beyond the configured number and those that ended too long ago expire. Sessions that must be kept are in
/// neither pool.
#[must_use]
pub fn expired(mut over: Vec<EndedSession>, now: &Timestamp, policy: &Retention) -> Vec<(EndedSession, ExpiryReason)> {
    // Nobody knows when a session with an end in the future ended. It takes the place of none whose end is known.
    over.sort_by_key(|it| (it.ended_at.is_future(now), it.ended_at.age_ms(now), it.session.id.clone()));
    let (mut attended, mut headless) = (0, 0);
    let judge = |it: EndedSession| {
        let (pool, limit) =
            if it.session.headless { (&mut headless, policy.headless) } else { (&mut attended, policy.sessions) };
        *pool += 1;
        let why = if is_expired_by_age(&it, now, policy) {
            Some(ExpiryReason::Age)
        } else {
            (*pool > limit).then_some(ExpiryReason::Count)
        };
        why.map(|why| (it, why))
    };
    over.into_iter().filter_map(judge).collect()
}

/// Returns whether a session ended longer ago than sessions are kept.
#[must_use]
pub fn is_expired_by_age(over: &EndedSession, now: &Timestamp, policy: &Retention) -> bool {
    over.ended_at.age_ms(now) > policy.age.ms()
}

/// Returns whether a session has been in the trash long enough. Its record was last written when it was moved there.
#[must_use]
pub fn is_expired_in_trash(session: &Session, now: &Timestamp, policy: &Retention) -> bool {
    session.updated.age_ms(now) > policy.trash.ms()
}

#[cfg(test)]
mod tests {
    use agent_baton_core::session::Ended;

    use super::*;
    use baton_store::fixtures;

    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn session(change: impl FnOnce(&mut Session)) -> Session {
        let mut session = fixtures::session("s", 1);
        session.ended = Some(Ended { at: fixtures::stamp(0), reason: Reason::Ended });
        change(&mut session);
        session
    }

    #[test]
    fn what_lives_may_live_or_is_wanted_is_spared() {
        let (now, policy) = (fixtures::stamp(1000 * DAY), Retention::default());
        let check =
            |session: Session, live, expected| assert_eq!(retained_because(&session, live, &now, &policy), expected);
        check(session(|_| {}), Live::No, None);
        check(session(|_| {}), Live::Yes, Some(RetainedBecause::Alive));
        check(session(|_| {}), Live::Unknown, Some(RetainedBecause::Unknown));
        check(session(|it| it.pinned = true), Live::No, Some(RetainedBecause::Pinned));
        check(session(|it| it.runs = vec![fixtures::id("r")]), Live::No, Some(RetainedBecause::OwnsRun));
        let restored = |days: u64| {
            let at = fixtures::stamp((1000 - days) * DAY);
            session(|it| it.ended = Some(Ended { at, reason: Reason::Restored }))
        };
        check(restored(0), Live::No, Some(RetainedBecause::Restored));
        check(restored(8), Live::No, Some(RetainedBecause::Restored));
        check(restored(9), Live::No, None);
    }

    /// Returns which of the sessions `s0`, `s1` and so on expire. `days` says how long ago each ended. A negative
    /// number marks a headless session.
    fn expire(days: &[i64], policy: &Retention) -> Vec<(String, ExpiryReason)> {
        let over = days.iter().enumerate().map(|(i, days)| {
            let mut session = fixtures::session(&format!("s{i}"), 1);
            session.headless = *days < 0;
            EndedSession { session, ended_at: fixtures::stamp((1000 - days.unsigned_abs()) * DAY) }
        });
        let mut found: Vec<_> = expired(over.collect(), &fixtures::stamp(1000 * DAY), policy)
            .into_iter()
            .map(|(over, why)| (over.session.id.to_string(), why))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn the_newest_are_kept_in_two_pools_and_nothing_for_ever() {
        let policy = Retention { sessions: 2, headless: 1, ..Retention::default() };
        assert_eq!(expire(&[3, 1, 2], &policy), [("s0".to_owned(), ExpiryReason::Count)]);
        assert_eq!(expire(&[1, -1, 2, -2], &policy), [("s3".to_owned(), ExpiryReason::Count)]);
        assert_eq!(expire(&[90, 91], &policy), [("s1".to_owned(), ExpiryReason::Age)]);
        assert_eq!(expire(&[1, 2], &policy), []);
        assert_eq!(expire(&[], &policy), []);
        // For equal times the ids decide, so that two sweeps agree.
        assert_eq!(expire(&[1, 1, 1], &policy), [("s2".to_owned(), ExpiryReason::Count)]);
        assert_eq!(expire(&[1], &Retention { sessions: 0, ..policy }), [("s0".to_owned(), ExpiryReason::Count)]);
    }

    #[test]
    fn an_end_in_the_future_counts_from_the_start_of_this_boot_and_takes_no_other_ones_place() {
        let policy = Retention { sessions: 1, ..Retention::default() };
        let future = Timestamp { boot: "earlier".into(), ..fixtures::stamp(5000 * DAY) };
        let over = |id: &str, ended_at| EndedSession { session: fixtures::session(id, 1), ended_at };
        let now = |days: u64| Timestamp { boot_ms: days * DAY, ..fixtures::stamp(1000 * DAY) };
        assert!(!is_expired_by_age(&over("s", future.clone()), &now(90), &policy));
        assert!(is_expired_by_age(&over("s", future.clone()), &now(91), &policy));
        let yesterday = Timestamp { boot: "earlier".into(), ..fixtures::stamp(999 * DAY) };
        let left = expired(vec![over("future", future), over("used", yesterday)], &now(0), &policy);
        let left: Vec<_> = left.iter().map(|(over, why)| (over.session.id.as_str(), *why)).collect();
        assert_eq!(left, [("future", ExpiryReason::Count)]);
    }
}
