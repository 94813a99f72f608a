//! The status report: who waits for what, and what else exists.

use std::cmp::Reverse;

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::Live;
use agent_baton_core::run::{Run, Status as RunStatus};
use agent_baton_core::session::Launch;
use agent_baton_core::timestamp::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cause::Cause;
use crate::json::{RunView, SessionView, is_handed_over};
use crate::machine::MachineView;
use crate::other_machines::WaitingHandoff;
use crate::overview::Overview;
use crate::reader::{ListedSession, SessionReader};
use crate::remote_run::RemoteRun;
use crate::watched_loops::WatchedLoops;
use baton_display::format_rfc3339;
use baton_engine::discovery::{ForeignLoop, ForeignLoopState};
use baton_engine::session_status::SessionStatus;
use baton_protect::{UnrestoredProject, unrestored_projects};
use baton_store::StoreError;

/// Everything that a status shows. Every face of baton gets it from [`StatusReport::read`].
pub struct StatusReport {
    /// The sessions that have not ended, and the unfinished runs.
    pub seen: Overview,
    /// The loops of other programs that run, or that were killed or ended not too long ago, by their progress logs.
    pub loops: Vec<ForeignLoop>,
    /// The projects whose protected files are to be restored, because their sessions are gone.
    pub unrestored: Vec<UnrestoredProject>,
    /// The machines of the fleet, this one included. Empty without a fleet.
    pub machines: Vec<MachineView>,
    /// The sessions that were handed over and that this machine may pick up.
    pub handoffs: Vec<WaitingHandoff>,
    /// Whether this machine belongs to a fleet.
    pub is_in_fleet: bool,
}

impl StatusReport {
    /// Reads the state, looks at the processes that it names, and looks for loops of other programs.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn read(reader: &SessionReader<'_>, loops: &mut WatchedLoops) -> Result<Self, StoreError> {
        let seen = reader.overview()?;
        let loops = loops.look(reader, &seen);
        let mut unrestored = unrestored_projects(reader.store(), reader.inspector)?;
        unrestored.retain(|project| project.present == Live::No);
        let mut report =
            Self { seen, loops, unrestored, machines: Vec::new(), handoffs: Vec::new(), is_in_fleet: false };
        // Without a fleet, its files are not even looked for. The search for loops has read the configuration already.
        if reader.is_fleet_configured() {
            reader.add_rows(&mut report.seen);
            let others = reader.others();
            report.machines = others.machines().to_vec();
            report.handoffs = others.handoffs();
            report.is_in_fleet = others.is_member();
        }
        Ok(report)
    }

    /// Returns the counts that are not 0, each with its word: what waits, by cause, and then everything else.
    #[must_use]
    pub fn counts(&self) -> Vec<(usize, &'static str)> {
        let Self { seen, loops, .. } = self;
        let waiting = self.waiting();
        let in_state = |state: ForeignLoopState| loops.iter().filter(|it| it.state == state).count();
        let of_cause = |cause: Cause| {
            let count = waiting.iter().filter(|it| it.cause == cause).count();
            // The loops of other programs that were killed have the same word.
            if cause == Cause::Interrupted { count + in_state(ForeignLoopState::Interrupted) } else { count }
        };
        let mut counts: Vec<_> = Cause::ALL.iter().map(|cause| (of_cause(*cause), cause.word())).collect();
        let alive =
            |as_what: LiveState| seen.sessions.iter().filter(|it| LiveState::from_session(it) == Some(as_what)).count();
        counts.push((alive(LiveState::Working), "at work"));
        counts.push((alive(LiveState::Unprompted), "opened"));
        counts.push((in_state(ForeignLoopState::Active), "other loops"));
        counts.push((self.elsewhere().count(), "on other machines"));
        counts.push((seen.unknown().count() + in_state(ForeignLoopState::Unknown), "unknown"));
        counts.push((seen.lost().count(), "lost"));
        counts.push((seen.dismissed().count(), "dismissed"));
        counts.push((seen.unreadable.len(), "unreadable"));
        counts.retain(|(count, _)| *count > 0);
        counts
    }

    /// Returns the runs of other machines that no open session of this machine displays.
    pub(crate) fn elsewhere(&self) -> impl Iterator<Item = &RemoteRun> {
        self.seen.elsewhere.iter().filter(|it| self.displayed_here(&it.run).is_none())
    }

    /// Returns the live session of this machine in which a run of another machine is displayed, and its launch.
    fn displayed_here(&self, run: &Run) -> Option<(&ListedSession, &Launch)> {
        let mut sessions = self.seen.sessions.iter().filter(|it| it.standing.status.is_alive());
        let session = sessions.find(|it| run.owner.is_session(&it.session.id))?;
        Some((session, session.current_launch()?))
    }

    /// Returns what waits for the user, by cause. Within one cause, pinned sessions come first, and then what waits
    /// longest.
    pub(crate) fn waiting(&self) -> Vec<WaitingItem<'_>> {
        let seen = &self.seen;
        let sessions = seen.sessions.iter().filter_map(|it| match LiveState::from_session(it)? {
            LiveState::Waiting(cause) => Some(WaitingItem::new(cause, Some(it), None, &it.standing.since)),
            LiveState::Working | LiveState::Unprompted => None,
        });
        let runs = seen.runs.iter().filter_map(|(run, live)| {
            let (cause, since) = match (live, run.status) {
                // It waits on another machine.
                _ if is_handed_over(run) => return None,
                (Live::No, _) => (Cause::Interrupted, &run.updated),
                (_, RunStatus::Paused) => (Cause::Paused, &run.updated),
                (_, RunStatus::Waiting) => (Cause::Waiting, &run.updated),
                // Nothing else would say so: an agent that waits sends no event.
                _ if seen.waits_long(run) => (Cause::BackgroundWork, run.background_work_since()?),
                // Its owner may be at work in another container, and write the run again and again.
                (Live::Unknown, _) => (Cause::OwnerUnknown, run.history.last().map_or(&run.created, |it| &it.at)),
                (Live::Yes, _) => return None,
            };
            let session = seen.sessions.iter().find(|it| run.owner.session.as_ref() == Some(&it.session.id));
            Some(WaitingItem::new(cause, session, Some(run), since))
        });
        let elsewhere = seen.sessions.iter().filter(|it| it.standing.status.is_alive()).filter_map(|it| {
            let mut runs =
                seen.runs.iter().filter(|(run, live)| *live != Live::No && run.owner.is_session(&it.session.id));
            let (run, launch) = runs.find_map(|(run, _)| Some((run, non_owner_launch(it, run)?)))?;
            Some(WaitingItem::new(Cause::OwnerElsewhere, Some(it), Some(run), &launch.started))
        });
        let on_machines = seen.elsewhere.iter().filter_map(|remote| {
            let (session, launch) = self.displayed_here(&remote.run)?;
            let item = WaitingItem::new(Cause::OwnerElsewhere, Some(session), Some(&remote.run), &launch.started);
            Some(WaitingItem { machine: remote.machine.as_deref(), ..item })
        });
        let handoffs = self.handoffs.iter().map(|handoff| WaitingItem {
            machine: Some(&handoff.machine),
            handoff: Some(handoff),
            ..WaitingItem::new(Cause::HandedOver, None, None, &handoff.since)
        });
        let mut waiting: Vec<_> = sessions.chain(runs).chain(elsewhere).chain(on_machines).chain(handoffs).collect();
        let pinned = |it: &WaitingItem<'_>| it.session.is_some_and(|seen| seen.session.pinned);
        waiting.sort_by_key(|it| (it.cause, !pinned(it), Reverse(it.since.age_ms(&seen.now))));
        waiting
    }

    /// Returns the report as `--json` prints it.
    #[must_use]
    pub fn view(&self) -> StatusView {
        let Self { seen, loops, unrestored, machines, .. } = self;
        let runs = |gone: bool| {
            let runs = seen.runs.iter().filter(|(_, live)| (*live == Live::No) == gone);
            runs.map(|(run, live)| RunView::new(run, *live, seen.left_for(run).cloned())).collect()
        };
        let sessions = |fits: fn(SessionStatus) -> bool| {
            seen.sessions.iter().filter(|it| fits(it.standing.status)).map(SessionView::new).collect()
        };
        let waiting = self.waiting().into_iter().map(|it| WaitView {
            cause: it.cause,
            session: it.session_id().cloned(),
            machine: it.machine.map(str::to_owned),
            run: it.run.map(|run| run.id.clone()),
            since: format_rfc3339(it.since),
        });
        StatusView {
            waiting: waiting.collect(),
            alive: sessions(SessionStatus::is_alive),
            runs: runs(false),
            interrupted: runs(true),
            elsewhere: seen.elsewhere.iter().map(|it| RunView::remote(it, machines)).collect(),
            machines: machines.clone(),
            loops: loops.clone(),
            lost: seen.lost().map(SessionView::new).collect(),
            unknown: sessions(|status| status == SessionStatus::Unknown),
            unrestored: unrestored.iter().map(|project| project.record.project.clone()).collect(),
            unreadable: seen.unreadable.iter().map(|(id, _)| id.clone()).collect(),
        }
    }
}

/// The state of a live session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveState {
    /// It waits for the user.
    Waiting(Cause),
    /// It is working, or it waits and has no terminal user.
    Working,
    /// It is open, and has not had a prompt yet.
    Unprompted,
}

impl LiveState {
    /// Returns the state of a live session, and `None` for any other.
    pub(crate) fn from_session(seen: &ListedSession) -> Option<Self> {
        match seen.standing.status {
            status if !status.is_alive() => None,
            // It is at work again as soon as it goes on.
            _ if seen.is_dismissed => None,
            SessionStatus::Starting => Some(Self::Unprompted),
            status => {
                Some(Cause::from_status(status).filter(|_| !seen.session.headless).map_or(Self::Working, Self::Waiting))
            }
        }
    }
}

/// Something that waits for the user.
pub(crate) struct WaitingItem<'a> {
    /// Why it waits.
    pub(crate) cause: Cause,
    /// The session, if the state has it.
    pub(crate) session: Option<&'a ListedSession>,
    /// The run.
    pub(crate) run: Option<&'a Run>,
    /// The handoff.
    pub(crate) handoff: Option<&'a WaitingHandoff>,
    /// The name of the other machine that it is about.
    pub(crate) machine: Option<&'a str>,
    /// Since when it waits. Two waits of the same thing differ in it, and it stays the same as long as a wait lasts.
    pub(crate) since: &'a Timestamp,
}

impl<'a> WaitingItem<'a> {
    const fn new(cause: Cause, session: Option<&'a ListedSession>, run: Option<&'a Run>, since: &'a Timestamp) -> Self {
        Self { cause, session, run, handoff: None, machine: None, since }
    }

    fn session_id(&self) -> Option<&'a SessionId> {
        self.session.map(|seen| &seen.session.id).or_else(|| self.handoff.map(|handoff| &handoff.session))
    }
}

/// Returns a live launch of a session that does not own its run.
pub(crate) fn non_owner_launch<'a>(seen: &'a ListedSession, run: &Run) -> Option<&'a Launch> {
    seen.live_launches().find(|launch| launch.process != run.owner.process)
}

/// The status as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusView {
    /// What waits for the user, most urgent first.
    pub waiting: Vec<WaitView>,
    /// The live sessions: the pinned ones and then the others, each most recently opened first.
    pub alive: Vec<SessionView>,
    /// The unfinished runs whose owner is alive or might be.
    pub runs: Vec<RunView>,
    /// The unfinished runs whose owner is gone.
    pub interrupted: Vec<RunView>,
    /// The unfinished runs whose owner is on another machine of the fleet, as far as this machine knows.
    pub elsewhere: Vec<RunView>,
    /// The machines of the fleet, this one included. Empty without a fleet.
    pub machines: Vec<MachineView>,
    /// The loops of other programs that run, or that were killed or ended not too long ago, by their progress logs.
    pub loops: Vec<ForeignLoop>,
    /// The sessions that can be resumed.
    pub lost: Vec<SessionView>,
    /// The sessions whose liveness is unknown.
    pub unknown: Vec<SessionView>,
    /// The projects whose protected files are to be restored, because their sessions are gone.
    pub unrestored: Vec<String>,
    /// The records that cannot be read.
    pub unreadable: Vec<String>,
}

/// Something that waits, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WaitView {
    /// Why it waits.
    pub cause: Cause,
    /// The session.
    pub session: Option<SessionId>,
    /// The run.
    pub run: Option<RunId>,
    /// The name of the other machine that has the run, or that handed the session over.
    pub machine: Option<String>,
    /// Since when it waits (RFC 3339).
    pub since: String,
}
