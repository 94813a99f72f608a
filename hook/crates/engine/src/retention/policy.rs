//! Which of the sessions that are over are kept.

use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use baton_store::AuditAction;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Retention;

/// Why a session is never touched, whatever its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetainedBecause {
    /// A launch of it lives.
    Alive,
    /// Whether it lives cannot be known.
    Unknown,
    /// A user pinned it.
    Pinned,
    /// It owns an unfinished run, or one that nobody can read.
    OwnsRun,
    /// A user brought it back, less long ago than the trash is kept.
    Restored,
}

/// Why a session is not kept where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryReason {
    /// It is over for longer than is kept.
    TimeSpan,
    /// There are more newer ones than are kept.
    Count,
    /// It was in the trash for long enough.
    TrashAge,
}

impl ExpiryReason {
    /// What the audit says of it.
    #[must_use]
    pub const fn audit_action(self) -> AuditAction {
        match self {
            Self::TimeSpan => AuditAction::ExpiredByAge,
            Self::Count => AuditAction::ExpiredByCount,
            Self::TrashAge => AuditAction::TrashEmptied,
        }
    }

    /// The reason for a user.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::TimeSpan => "it is over for longer than is kept",
            Self::Count => "there are more newer ones than are kept",
            Self::TrashAge => "it was in the trash for long enough",
        }
    }
}

/// A session that nothing spares, and since when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedSession {
    /// Its record.
    pub session: Session,
    /// Its end; where none was recorded, its last heartbeat.
    pub ended_at: Timestamp,
}

/// What spares a session.
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

/// Which of these are not kept among the live ones: in each of the two pools those behind the newest so many, and those that are
/// over for too long. What is spared is in neither pool.
#[must_use]
pub fn expired(mut over: Vec<EndedSession>, now: &Timestamp, policy: &Retention) -> Vec<(EndedSession, ExpiryReason)> {
    over.sort_by_key(|it| (it.ended_at.age_ms(now), it.session.id.clone()));
    let (mut attended, mut headless) = (0, 0);
    let judge = |it: EndedSession| {
        let (pool, limit) =
            if it.session.headless { (&mut headless, policy.headless) } else { (&mut attended, policy.sessions) };
        *pool += 1;
        let why = if is_expired_by_age(&it, now, policy) {
            Some(ExpiryReason::TimeSpan)
        } else {
            (*pool > limit).then_some(ExpiryReason::Count)
        };
        why.map(|why| (it, why))
    };
    over.into_iter().filter_map(judge).collect()
}

/// Whether a session is over for longer than is kept.
#[must_use]
pub fn is_expired_by_age(over: &EndedSession, now: &Timestamp, policy: &Retention) -> bool {
    over.ended_at.age_ms(now) > policy.age.ms()
}

/// Whether what a session left in the trash has been there for long enough. Its record was last written when it went there.
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

    /// Sessions `s0` and on, over for so many days, headless ones marked by a negative number.
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
        assert_eq!(expire(&[90, 91], &policy), [("s1".to_owned(), ExpiryReason::TimeSpan)]);
        assert_eq!(expire(&[1, 2], &policy), []);
        assert_eq!(expire(&[], &policy), []);
        // Of one moment the ids decide, so that two passes agree.
        assert_eq!(expire(&[1, 1, 1], &policy), [("s2".to_owned(), ExpiryReason::Count)]);
        assert_eq!(expire(&[1], &Retention { sessions: 0, ..policy }), [("s0".to_owned(), ExpiryReason::Count)]);
    }

    #[test]
    fn what_is_of_the_future_is_not_old() {
        let over = EndedSession { session: session(|_| {}), ended_at: fixtures::stamp(5000 * DAY) };
        assert!(!is_expired_by_age(&over, &fixtures::stamp(1000 * DAY), &Retention::default()));
    }
}
