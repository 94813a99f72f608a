//! The reason codes of decisions: one code for each row of the decision tables.

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

            /// Returns the code as it is printed and stored.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Returns what the code means, as a sentence for a user.
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
    DuplicateEvent = "duplicate_event",
    /// A known launch gave a heartbeat.
    Heartbeat = "heartbeat",
    /// The decision needs records to change, and so the lock.
    NeedsLock = "needs_lock",
    /// The event is not one that baton acts on.
    NotHooked = "not_hooked",

    /// The process left the session.
    Ended = "ended",
    /// The process was told to stop from outside, or its terminal went away; nobody left the session, which can be brought back.
    TerminalClosed = "terminal_closed",
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
    /// The user cleared or forked the conversation; the run follows into the new one.
    FollowedInProcess = "followed_in_process",
    /// The session's runs are over.
    RunEnded = "run_ended",
    /// A run of this project has no living owner; the user is told how to adopt it.
    RunOffered = "run_offered",
    /// The session has no run.
    NoRun = "no_run",

    /// The agent wanted to stop; its loop goes round again.
    Iterated = "iterated",
    /// What the loop was to bring about is there.
    LoopDone = "loop_done",
    /// The loop went round as often, or for as long, as it may.
    LoopLimit = "loop_limit",
    /// The agent said the same, or changed nothing in the project, too often in a row.
    NoProgress = "no_progress",
    /// Nobody has typed a prompt for many iterations, and no pane is known in which someone could see them.
    Unattended = "unattended",
    /// The client lets a hook block only so many Stops in a row; a prompt begins a new count.
    ClientCap = "client_cap",
    /// The turn before ended without a Stop: someone interrupted it, or the client or its service ended it.
    TurnInterrupted = "turn_interrupted",
    /// The service failed.
    ServiceFailed = "service_failed",
    /// A Stop could not be recorded in time, so nobody knows whether it was answered.
    StopMissed = "stop_missed",
    /// The texts of the loop cannot be read, or are not those that it was started with.
    LoopUnreadable = "loop_unreadable",
    /// The command that says whether the work is done was approved by no user of this account.
    CheckRefused = "check_refused",

    /// An empty session was replaced by a newer one in its pane or process.
    Superseded = "superseded",
    /// A user brought the session from another machine; it was over there, or is not here.
    Imported = "imported",
    /// The pane shows another session by now.
    PaneReused = "pane_reused",

    /// A user deleted the session; nothing but a user's word brings it back.
    Deleted = "deleted",
    /// A user brought the session back.
    Restored = "restored",
    /// The session was over for longer, or there are more newer ones, than is kept.
    Expired = "expired",
    /// The agent's own files show the session, which no hook announced; no process shows it.
    Discovered = "discovered",

    /// A user or an agent started the run.
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
    FenceStale = "fence_stale",
    /// The caller gave no number and is not beneath the owner.
    NotOwner = "not_owner",
    /// The owner finished the run.
    Finished = "finished",
    /// A user cancelled the run; nothing brings it back.
    Cancelled = "cancelled",
    /// A user paused the run.
    Paused = "paused",
    /// A user lets the run go on.
    Continued = "continued",
    /// A loop counts by itself, up to the limit that it was started with.
    IterationCountedByLoop = "iteration_counted_by_loop",
    /// The run is over already.
    AlreadyEnded = "already_ended",
    /// The command's run goes on where it was: its supervisor and the command were gone.
    SupervisedRunResumed = "supervised_run_resumed",
    /// The command began; its process is known.
    Attached = "attached",
    /// The session was started by a command: it is an iteration of the command's run, and owns nothing of its own.
    SupervisedIteration = "supervised_iteration",
    /// A command drives the run: no session can own it, and the same command goes on with it.
    SupervisedRun = "supervised_run",
    /// A user gave the run to this session.
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

impl Reason {
    /// Returns whether the reason reports only normal activity. Any other row takes precedence over it.
    #[must_use]
    pub const fn is_routine(self) -> bool {
        matches!(
            self,
            Self::Heartbeat
                | Self::Compacted
                | Self::Switched
                | Self::Registered
                | Self::Launched
                | Self::Announced
                | Self::OwnerPresent
                | Self::RunEnded
                | Self::RunOffered
                | Self::NoRun
                | Self::Superseded
                | Self::PaneReused
        )
    }

    /// Returns whether the reason describes a condition that lasts. baton reports such a condition once to each
    /// audience. Every other reason describes something that happened: baton reports it until it is acknowledged, and
    /// then forgets it.
    #[must_use]
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::OwnerAlive | Self::OwnerUnverifiable | Self::MultipleMatchingRuns | Self::RunOffered)
    }

    /// Returns whether the reason suspends a loop until the next prompt or until the user continues it.
    #[must_use]
    pub const fn suspends_loop(self) -> bool {
        matches!(
            self,
            Self::Paused
                | Self::TurnInterrupted
                | Self::ServiceFailed
                | Self::StopMissed
                | Self::LoopUnreadable
                | Self::CheckRefused
                | Self::ClientCap
        )
    }

    /// Returns whether the reason ends a loop.
    #[must_use]
    pub const fn ends_loop(self) -> bool {
        matches!(
            self,
            Self::LoopDone
                | Self::LoopLimit
                | Self::NoProgress
                | Self::Unattended
                | Self::Finished
                | Self::Cancelled
                | Self::AbandonedStale
        )
    }
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
