//! The reason codes of decisions: one code for each row of the decision tables.

crate::reason_codes! {
    /// Why a decision was taken: the row of the tables in `docs/design/` that applied.
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    Reason {
        /// The event has no session id, so it changes no record.
        IdentityMissing = "identity_missing",
        /// No agent was found among the ancestors of the hook, so it can own nothing.
        ProcessUnknown = "process_unknown",
        /// A record that the event needs cannot be read; baton does not modify it.
        RecordUnreadable = "record_unreadable",
        /// The event comes from a subagent, which owns nothing itself.
        Subagent = "subagent",
        /// The same event was delivered at most 200 ms ago; it counts once.
        DuplicateEvent = "duplicate_event",
        /// A known launch sent a heartbeat.
        Heartbeat = "heartbeat",
        /// The decision changes records, so it needs the lock.
        NeedsLock = "needs_lock",
        /// baton does not act on this event.
        NotHooked = "not_hooked",

        /// The process left the session.
        Ended = "ended",
        /// The process was stopped from outside or its terminal closed; the user did not leave the session, so it can be resumed.
        TerminalClosed = "terminal_closed",
        /// A user said that the process is gone; baton could not tell.
        DeclaredGone = "declared_gone",
        /// The end belongs to a process that the session does not have.
        EndOfOtherProcess = "end_of_other_process",
        /// The end belongs to a session that was never announced.
        UnknownSession = "unknown_session",
        /// The end is older than the newest start of the same launch.
        EndOutdated = "end_outdated",
        /// The process now shows another session.
        LateEvent = "late_event",
        /// The conversation was compacted; it is the same session.
        Compacted = "compacted",
        /// The process showed another session before; that launch ended.
        Switched = "switched",
        /// A session seen for the first time.
        Registered = "registered",
        /// A known session was opened in another process.
        Launched = "launched",
        /// A known launch announced itself again.
        Announced = "announced",
        /// The session's project no longer exists; the session and its runs now belong to the project in which it goes on.
        ProjectMoved = "project_moved",

        /// Several unfinished runs belong to the session; none was moved.
        MultipleMatchingRuns = "multiple_matching_runs",
        /// The process already owns its session's run.
        OwnerPresent = "owner_present",
        /// Another process owns the session's run and is alive.
        OwnerAlive = "owner_alive",
        /// Another process owns the session's run, and baton cannot tell whether it is alive.
        OwnerUnverifiable = "owner_unverifiable",
        /// The owner was gone for longer than the threshold; the run was abandoned.
        AbandonedStale = "abandoned_stale",
        /// The owner is gone; the process that continues its session takes over the run.
        ResumedSameSession = "resumed_same_session",
        /// The user cleared or forked the conversation; the run follows into the new one.
        FollowedInProcess = "followed_in_process",
        /// The owner's machine has not renewed the owner's lease in time; the process that continues its session takes over the run.
        OwnerLapsed = "owner_lapsed",
        /// The run was handed over to this machine; the process that continues its session owns it.
        HandedOver = "handed_over",
        /// Another machine of the fleet owns the run now.
        OwnershipLost = "ownership_lost",
        /// The fleet's database cannot be asked, and the lease has ended; the run stays as it is.
        FleetUnreachable = "fleet_unreachable",
        /// The copy of a fleet run was brought in line with the fleet's database.
        Refreshed = "refreshed",
        /// The fleet's database was restored from an older copy, so the fence of every unfinished run grew.
        DatabaseRestored = "database_restored",
        /// This machine left the fleet of the run, so its copy of the run was abandoned; another machine may go on with the run.
        FleetLeft = "fleet_left",
        /// The fleet's database was restored from an older copy, and another run has the run's session or name there now.
        ReplacedAfterRestore = "replaced_after_restore",
        /// The session's runs have ended.
        RunEnded = "run_ended",
        /// A run of this project has no live owner; the user is told how to adopt it.
        RunOffered = "run_offered",
        /// The session that owns the run was left in this window, and its agent keeps it loaded; the user is told how to take
        /// the run.
        RunLeftLoaded = "run_left_loaded",
        /// The session has no run.
        NoRun = "no_run",

        /// The agent wanted to stop; its loop starts another iteration.
        Iterated = "iterated",
        /// The agent waits for background work of its own.
        BackgroundWork = "background_work",
        /// Background work of the agent has run for too long. The loop no longer waits for it.
        BackgroundWorkIgnored = "background_work_ignored",
        /// The loop's condition is met.
        LoopDone = "loop_done",
        /// The loop reached its limit of iterations or time.
        LoopLimit = "loop_limit",
        /// The last message or the project stayed the same too many times in a row.
        NoProgress = "no_progress",
        /// There was no prompt for many iterations, and baton knows no pane in which a user could see them.
        Unattended = "unattended",
        /// The agent limits how many Stops in a row a hook may block; a prompt starts a new count.
        ClientCap = "client_cap",
        /// The previous turn ended without a Stop: the user interrupted it, or the agent or its service ended it.
        TurnInterrupted = "turn_interrupted",
        /// The model service failed.
        ServiceFailed = "service_failed",
        /// A Stop could not be recorded in time, so baton does not know whether it was answered.
        StopMissed = "stop_missed",
        /// The definition of the loop cannot be read, or is not the one that it was started with.
        LoopUnreadable = "loop_unreadable",
        /// No user of this account approved the command that says whether the work is done.
        CheckRefused = "check_refused",

        /// An empty session was replaced by a newer one in its pane or process.
        Superseded = "superseded",
        /// A user imported the session from another machine; it has ended there, or is not open here.
        Imported = "imported",
        /// The pane now shows another session.
        PaneReused = "pane_reused",

        /// A user deleted the session; only a user can restore it.
        Deleted = "deleted",
        /// A user restored the session.
        Restored = "restored",
        /// The session ended longer ago than sessions are kept, or enough newer sessions are kept.
        Expired = "expired",
        /// The agent's own files contain the session, but no hook announced it and no process shows it.
        Discovered = "discovered",

        /// A user or an agent started the run.
        Started = "started",
        /// The session already owns an unfinished run.
        SessionOwnsRun = "session_owns_run",
        /// No launch of the session is alive, so none can own the run.
        NoLiveLaunch = "no_live_launch",
        /// The owner advanced the run.
        Updated = "updated",
        /// The caller owns the run, and its fence is the current one.
        Verified = "verified",
        /// The caller's fence is older than the run's.
        FenceStale = "fence_stale",
        /// The caller gave no fence and does not run below the owner.
        NotOwner = "not_owner",
        /// The owner finished the run.
        Finished = "finished",
        /// A user cancelled the run for good.
        Cancelled = "cancelled",
        /// A user paused the run.
        Paused = "paused",
        /// A user continued the run.
        Continued = "continued",
        /// A loop counts its iterations itself, up to the limit that it was started with.
        IterationCountedByLoop = "iteration_counted_by_loop",
        /// The run has already ended.
        AlreadyEnded = "already_ended",
        /// The command's run continues: its previous supervisor and command are gone.
        SupervisedRunResumed = "supervised_run_resumed",
        /// A process that an earlier command of this name started is still alive.
        IterationAlive = "iteration_alive",
        /// The command started, and its process is known.
        Attached = "attached",
        /// The session was started by a supervised command: it is an iteration of that command's run and owns no run itself.
        SupervisedIteration = "supervised_iteration",
        /// A supervised command owns the run: no session can own it, and only the same command continues it.
        SupervisedRun = "supervised_run",
        /// A user moved the run to this session.
        Adopted = "adopted",
        /// The session already owns the run.
        AlreadyOwner = "already_owner",
        /// There is no such run.
        RunNotFound = "run_not_found",
        /// There is no such session.
        SessionNotFound = "session_not_found",
        /// The request could not be parsed.
        RequestMalformed = "request_malformed",
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
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
                | Self::RunLeftLoaded
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
        self.is_offer() || matches!(self, Self::OwnerAlive | Self::OwnerUnverifiable | Self::MultipleMatchingRuns)
    }

    /// Returns whether the reason offers a run of the project to the user of a session that does not own it.
    #[must_use]
    pub const fn is_offer(self) -> bool {
        matches!(self, Self::RunOffered | Self::RunLeftLoaded)
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

    /// Returns whether the reason abandons a run that nobody ended.
    #[must_use]
    pub const fn abandons(self) -> bool {
        matches!(self, Self::AbandonedStale) || self.releases()
    }

    /// Returns whether the reason takes the copy of a run out of its fleet, whether its owner is alive or not.
    #[must_use]
    pub const fn releases(self) -> bool {
        matches!(self, Self::FleetLeft | Self::ReplacedAfterRestore)
    }

    /// Returns whether the reason ends a loop.
    #[must_use]
    pub const fn ends_loop(self) -> bool {
        matches!(
            self,
            Self::LoopDone | Self::LoopLimit | Self::NoProgress | Self::Unattended | Self::Finished | Self::Cancelled
        ) || self.abandons()
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
