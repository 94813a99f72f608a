//! The reason codes of decisions: one word for each row of the decision tables.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// Why a decision was taken: the row of the tables in ARCHITECTURE.md that applied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word, as printed and stored.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The row of the table, as a sentence for a person.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }

        impl std::fmt::Display for Reason {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

reasons! {
    /// The event has no session id, so it concerns no record.
    IdentityMissing = "identity_missing",
    /// No agent was recognised among the ancestors of the hook, so nothing can be owned.
    ProcessUnknown = "process_unknown",
    /// A record that the event needs cannot be read; it is left as it is.
    RecordUnreadable = "record_unreadable",
    /// The event is of a subagent, which owns nothing of its own.
    Subagent = "subagent",
    /// The same event was delivered before, at most 200 ms ago; it acts once.
    DeliveredTwice = "delivered_twice",
    /// A known launch gave a sign of life.
    Heartbeat = "heartbeat",
    /// The decision needs records to change, and so the lock.
    NeedsLock = "needs_lock",
    /// The event is not one that baton acts on.
    NotHooked = "not_hooked",

    /// The process left the session.
    Ended = "ended",
    /// The end is of a process that the session does not have.
    EndOfOtherProcess = "end_of_other_process",
    /// The end is of a session that was never announced.
    UnknownSession = "unknown_session",
    /// The end is older than the newer start of the same launch.
    EndOutdated = "end_outdated",
    /// The process shows another session by now.
    LateEvent = "late_event",
    /// The conversation was shortened; it is the same session.
    Compacted = "compacted",
    /// The process showed another session before; that launch ended.
    Switched = "switched",
    /// A session seen for the first time.
    Registered = "registered",
    /// A known session, in a process that did not show it.
    Launched = "launched",
    /// A known launch announced itself again.
    Announced = "announced",

    /// Several unfinished runs belong to the session; none is touched.
    MultipleMatchingRuns = "multiple_matching_runs",
    /// The process already owns its session's run.
    OwnerPresent = "owner_present",
    /// Another process owns the session's run, and lives.
    OwnerAlive = "owner_alive",
    /// Another process owns the session's run, and whether it lives cannot be known.
    OwnerUnverifiable = "owner_unverifiable",
    /// The owner was gone for longer than the threshold; the run is abandoned.
    AbandonedStale = "abandoned_stale",
    /// The owner is gone; the process that goes on with its session takes its run over.
    ResumedSameSession = "resumed_same_session",
    /// The person cleared or forked the conversation; the run follows into the new one.
    FollowedInProcess = "followed_in_process",
    /// The session's runs are over.
    RunOver = "run_over",
    /// A run of this project has no living owner; the person is told how to adopt it.
    RunOffered = "run_offered",
    /// The session has no run.
    NoRun = "no_run",

    /// An empty session was replaced by a newer one in its pane or process.
    Superseded = "superseded",
    /// A person brought the session from another machine; it was over there, or is not here.
    Imported = "imported",
    /// The pane shows another session by now.
    PaneReused = "pane_reused",

    /// A person or an agent started the run.
    Started = "started",
    /// The session owns an unfinished run already.
    SessionOwnsRun = "session_owns_run",
    /// No launch of the session lives, so nothing can own the run.
    NoLiveLaunch = "no_live_launch",
    /// The owner advanced the run.
    Updated = "updated",
    /// The caller owns the run and its number is the present one.
    Verified = "verified",
    /// The caller's number is older than the run's.
    FenceOld = "fence_old",
    /// The caller gave no number and is not beneath the owner.
    NotOwner = "not_owner",
    /// The owner finished the run.
    Finished = "finished",
    /// A person cancelled the run; nothing brings it back.
    Cancelled = "cancelled",
    /// The run is over already.
    AlreadyOver = "already_over",
    /// A person gave the run to this session.
    Adopted = "adopted",
    /// The session owns the run already.
    AlreadyOwner = "already_owner",
    /// No such run.
    RunNotFound = "run_not_found",
    /// No such session.
    SessionNotFound = "session_not_found",
    /// The request could not be parsed.
    RequestMalformed = "request_malformed",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_are_what_is_stored() {
        let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("\"{}\"", reason.word()));
            assert!(reason.sentence().ends_with('.'), "{reason}");
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}
