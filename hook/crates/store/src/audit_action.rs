//! The reasons of audit lines without a decision of the core. Users, retention and recovery change records too.

agent_baton_core::reason_codes! {
    /// The reason of an audit line that contains no decision of the core.
    AuditAction {
        /// A user pinned the session, so retention leaves it alone.
        SessionPinned = "session_pinned",
        /// A user removed the session's pin.
        SessionUnpinned = "session_unpinned",
        /// A user dismissed the session, so the status leaves it out until it goes on.
        SessionDismissed = "session_dismissed",
        /// A user had the status show a dismissed session again.
        SessionUndismissed = "session_undismissed",
        /// A user named the session.
        SessionNamed = "session_named",
        /// A user removed the session's name.
        SessionNameRemoved = "session_name_removed",
        /// A user had an answer typed into the session's pane.
        AnswerTyped = "answer_typed",
        /// A user moved the session to the trash.
        SessionDeleted = "session_deleted",
        /// A user restored the session from the archive or the trash.
        SessionRestored = "session_restored",
        /// A user imported the session from an export.
        SessionImported = "session_imported",
        /// baton registered a session that no hook announced.
        SessionDiscovered = "session_discovered",
        /// A user said that the session's processes are gone; baton could not tell.
        DeclaredGone = "session_declared_gone",
        /// A user asked to resume the session, and no other call resumes it meanwhile.
        ResumeClaimed = "resume_claimed",
        /// The session's agent was started in a new window.
        ResumeStarted = "resume_started",
        /// The session's agent was not started, so the session can be resumed again.
        ResumeReleased = "resume_released",
        /// The session ended longer ago than baton keeps sessions.
        ExpiredByAge = "expired_by_age",
        /// More sessions ended later than baton keeps.
        ExpiredByCount = "expired_by_count",
        /// The session was in the trash for longer than baton keeps the trash.
        TrashEmptied = "trash_emptied",
        /// The core gave no decision, so nothing changed. This is a bug in baton.
        CoreFailed = "core_failed",
        /// The core's decision was not valid, so nothing changed. This is a bug in baton.
        DecisionRefused = "decision_refused",
        /// The state directory was restored from a copy, so the fence of every unfinished run grew.
        StateRestored = "state_restored",
    }
}
