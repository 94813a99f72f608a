//! Which of the sessions that are over are kept.

use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::stamp::Stamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Retention;

/// Why a session is never touched, whatever its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spared {
    /// A launch of it lives.
    Alive,
    /// Whether it lives cannot be known.
    Unknown,
    /// A person pinned it.
    Pinned,
    /// It owns an unfinished run, or one that nobody can read.
    OwnsRun,
    /// A person brought it back, less long ago than the trash is kept.
    Restored,
}

/// Why a session is not kept where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is over for longer than is kept.
    Age,
    /// There are more newer ones than are kept.
    Count,
    /// It was in the trash for long enough.
    TrashAge,
}

impl Why {
    /// The word in the audit.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Age => "expired_by_age",
            Self::Count => "expired_by_count",
            Self::TrashAge => "trash_emptied",
        }
    }

    /// The reason for a person.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Age => "it is over for longer than is kept",
            Self::Count => "there are more newer ones than are kept",
            Self::TrashAge => "it was in the trash for long enough",
        }
    }
}

/// A session that nothing spares, and since when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Over {
    /// Its record.
    pub session: Session,
    /// Its end; where none was recorded, its last sign of life.
    pub since: Stamp,
}

/// What spares a session.
#[must_use]
pub fn spared(session: &Session, live: Live, now: &Stamp, kept: &Retention) -> Option<Spared> {
    let restored = session.over.as_ref().filter(|over| over.reason == Reason::Restored);
    match live {
        Live::Yes => Some(Spared::Alive),
        Live::Unknown => Some(Spared::Unknown),
        Live::No if session.pinned => Some(Spared::Pinned),
        Live::No if !session.runs.is_empty() => Some(Spared::OwnsRun),
        Live::No if restored.is_some_and(|over| over.at.age_ms(now) <= kept.trash.ms()) => Some(Spared::Restored),
        Live::No => None,
    }
}

/// Which of these are not kept among the live ones: in each of the two pools those behind the newest so many, and those that are
/// over for too long. What is spared is in neither pool.
#[must_use]
pub fn expired(mut over: Vec<Over>, now: &Stamp, kept: &Retention) -> Vec<(Over, Why)> {
    over.sort_by_key(|it| (it.since.age_ms(now), it.session.id.clone()));
    let (mut attended, mut headless) = (0, 0);
    let judge = |it: Over| {
        let (pool, limit) =
            if it.session.headless { (&mut headless, kept.headless) } else { (&mut attended, kept.sessions) };
        *pool += 1;
        let why = if is_old(&it, now, kept) { Some(Why::Age) } else { (*pool > limit).then_some(Why::Count) };
        why.map(|why| (it, why))
    };
    over.into_iter().filter_map(judge).collect()
}

/// Whether a session is over for longer than is kept.
#[must_use]
pub fn is_old(over: &Over, now: &Stamp, kept: &Retention) -> bool {
    over.since.age_ms(now) > kept.age.ms()
}

/// Whether what a session left in the trash has been there for long enough. Its record was last written when it went there.
#[must_use]
pub fn leaves_trash(session: &Session, now: &Stamp, kept: &Retention) -> bool {
    session.updated.age_ms(now) > kept.trash.ms()
}

#[cfg(test)]
mod tests {
    use agent_baton_core::session::End;

    use super::*;
    use crate::store::sample;

    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn session(change: impl FnOnce(&mut Session)) -> Session {
        let mut session = sample::session("s", 1);
        session.over = Some(End { at: sample::stamp(0), reason: Reason::Ended });
        change(&mut session);
        session
    }

    #[test]
    fn what_lives_may_live_or_is_wanted_is_spared() {
        let (now, kept) = (sample::stamp(1000 * DAY), Retention::default());
        let check = |session: Session, live, expected| assert_eq!(spared(&session, live, &now, &kept), expected);
        check(session(|_| {}), Live::No, None);
        check(session(|_| {}), Live::Yes, Some(Spared::Alive));
        check(session(|_| {}), Live::Unknown, Some(Spared::Unknown));
        check(session(|it| it.pinned = true), Live::No, Some(Spared::Pinned));
        check(session(|it| it.runs = vec![sample::id("r")]), Live::No, Some(Spared::OwnsRun));
        let restored = |days: u64| {
            let at = sample::stamp((1000 - days) * DAY);
            session(|it| it.over = Some(End { at, reason: Reason::Restored }))
        };
        check(restored(0), Live::No, Some(Spared::Restored));
        check(restored(8), Live::No, Some(Spared::Restored));
        check(restored(9), Live::No, None);
    }

    /// Sessions `s0` and on, over for so many days, headless ones marked by a negative number.
    fn expire(days: &[i64], kept: &Retention) -> Vec<(String, Why)> {
        let over = days.iter().enumerate().map(|(i, days)| {
            let mut session = sample::session(&format!("s{i}"), 1);
            session.headless = *days < 0;
            Over { session, since: sample::stamp((1000 - days.unsigned_abs()) * DAY) }
        });
        let mut found: Vec<_> = expired(over.collect(), &sample::stamp(1000 * DAY), kept)
            .into_iter()
            .map(|(over, why)| (over.session.id.to_string(), why))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn the_newest_are_kept_in_two_pools_and_nothing_for_ever() {
        let kept = Retention { sessions: 2, headless: 1, ..Retention::default() };
        assert_eq!(expire(&[3, 1, 2], &kept), [("s0".to_owned(), Why::Count)]);
        assert_eq!(expire(&[1, -1, 2, -2], &kept), [("s3".to_owned(), Why::Count)]);
        assert_eq!(expire(&[90, 91], &kept), [("s1".to_owned(), Why::Age)]);
        assert_eq!(expire(&[1, 2], &kept), []);
        assert_eq!(expire(&[], &kept), []);
        // Of one moment the ids decide, so that two passes agree.
        assert_eq!(expire(&[1, 1, 1], &kept), [("s2".to_owned(), Why::Count)]);
        assert_eq!(expire(&[1], &Retention { sessions: 0, ..kept }), [("s0".to_owned(), Why::Count)]);
    }

    #[test]
    fn what_is_of_the_future_is_not_old() {
        let over = Over { session: session(|_| {}), since: sample::stamp(5000 * DAY) };
        assert!(!is_old(&over, &sample::stamp(1000 * DAY), &Retention::default()));
    }
}
