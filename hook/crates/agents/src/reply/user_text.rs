//! The text of a notification for the user.

use std::fmt::Write;

use agent_baton_core::decision::Notification;
use agent_baton_core::event::LastTurn;
use agent_baton_core::id::RunId;
use agent_baton_core::pane::Pane;
use agent_baton_core::reason::Reason;

use super::dropped::for_user;
use super::names::Names;
use super::printable::printable;

/// How many runs one notification lists.
const MAX_LISTED_RUNS: usize = 8;

/// Why a user may take a run whose owner's lease has ended.
const LAPSED: &str = "Its owner's machine has not renewed the owner's lease in time, so the owner may be gone.";

/// Returns what the user is told, or `None` if it is nothing.
pub(super) fn user_text(tell: &Notification, names: &Names) -> Option<String> {
    Some(match tell {
        Notification::LastTurn { turn } => match turn {
            LastTurn::InterruptedPrompt => {
                "baton: the last turn of this session was interrupted: its last prompt got no answer".to_owned()
            }
            LastTurn::InterruptedToolCall => {
                "baton: the last turn of this session was interrupted: a tool call in it got no result".to_owned()
            }
            LastTurn::Ended | LastTurn::Unknown => return None,
        },
        Notification::Transferred { id: told, iteration, from } => format!(
            "baton: run {run} {moved}. {why} Its fence is now {fence}, its iteration {iteration}. \
             To stop it: `baton run cancel {id}`",
            run = run_label(&told.run, names),
            moved = match told.reason {
                // The pane of another machine says nothing here.
                Reason::OwnerLapsed | Reason::HandedOver => "moved here".to_owned(),
                Reason::DatabaseRestored => "still belongs to this process".to_owned(),
                _ => format!("moved here from {}", pane_label(from)),
            },
            why = told.reason.sentence(),
            fence = told.fence,
            id = told.run,
        ),
        Notification::OwnerElsewhere { id: told, dropped, handed_over, .. } if told.reason == Reason::OwnershipLost => {
            format!(
                "baton: run {run} was stopped here. {why}{dropped} `baton run show {id}` says which. To move it back, run this in the session: \
             `baton run adopt {id} --take`",
                run = run_label(&told.run, names),
                dropped = for_user(dropped.as_ref()),
                why = if *handed_over {
                    "It was handed over with its session, and goes on where the session is picked up and resumed."
                } else {
                    told.reason.sentence()
                },
                id = told.run,
            )
        }
        Notification::OwnerElsewhere { id: told, handed_over: true, .. } => format!(
            "baton: run {run} was handed over with its session, and goes on where the session is picked up and resumed. To move it \
             here anyway, run this in the session: `baton run adopt {id} --take`",
            run = run_label(&told.run, names),
            id = told.run,
        ),
        Notification::OwnerElsewhere { id: told, pane, pid, other_machine, lapsed, .. } => format!(
            "baton: run {run} stays with {owner}. {why} To move it here anyway, run this in the session: `baton run adopt {id}{option}`",
            run = run_label(&told.run, names),
            owner = if *other_machine {
                "its owner on another machine".to_owned()
            } else {
                format!("{}, pid {pid}", pane_label(pane))
            },
            why = if *lapsed { LAPSED } else { told.reason.sentence() },
            id = told.run,
            option = match told.reason {
                Reason::OwnerAlive => " --take",
                Reason::OwnerUnverifiable if !lapsed => " --force",
                _ => "",
            },
        ),
        Notification::Interrupted { id: told, iteration, .. } if told.reason == Reason::RunLeftLoaded => format!(
            "baton: run {run} is still owned by the session that you left in this window, which stays loaded; it is at \
             iteration {iteration}. To move it to this session: `baton run adopt {id} --take{here}`. To end it: \
             `baton run cancel {id}`",
            run = run_label(&told.run, names),
            id = told.run,
            here = session_option(names),
        ),
        Notification::Interrupted { id: told, iteration, lapsed } => format!(
            "baton: run {run} of this project {state}; it is at iteration {iteration}. \
             To continue it in this session: `baton run adopt {id}{here}`. To end it: `baton run cancel {id}`",
            state =
                if *lapsed { "has an owner that may be gone, because its lease ended" } else { "has no live owner" },
            run = run_label(&told.run, names),
            id = told.run,
            here = session_option(names),
        ),
        Notification::Abandoned { id: told, iteration, .. } if told.reason.releases() => format!(
            "baton: run {run} was abandoned at iteration {iteration}. {why} To continue it on this machine alone, run this in the \
             session: `baton run adopt {id}{here}`",
            run = run_label(&told.run, names),
            why = told.reason.sentence(),
            id = told.run,
            here = session_option(names),
        ),
        Notification::Abandoned { id: told, iteration, idle_ms, threshold_ms } => format!(
            "baton: run {run} was abandoned at iteration {iteration}. Its owner is gone, and nothing happened for {idle} (the limit, \
             stale_after, is {threshold}). To continue it in this session: `baton run adopt {id}{here}`",
            run = run_label(&told.run, names),
            idle = time_span(*idle_ms),
            threshold = time_span(*threshold_ms),
            id = told.run,
            here = session_option(names),
        ),
        Notification::Loop { id: told, iteration, of } => format!(
            "baton: loop {run} {outcome} at iteration {iteration}{of}. {why}{next_step}",
            run = run_label(&told.run, names),
            outcome = LoopOutcome::from(told.reason).text(),
            of = of.map_or_else(String::new, |of| format!(" of {of}")),
            why = told.reason.sentence(),
            next_step = LoopOutcome::from(told.reason).next_step(&told.run),
        ),
        Notification::SeveralRuns { runs, .. } => {
            let mut text = "baton: several unfinished runs belong to this session, and none was moved:".to_owned();
            for (index, run) in runs.iter().take(MAX_LISTED_RUNS).enumerate() {
                let comma = if index > 0 { "," } else { "" };
                // Writing into a String cannot fail.
                let _ = write!(text, "{comma} {}", run_label(run, names));
            }
            if let Some(more) = runs.len().checked_sub(MAX_LISTED_RUNS).filter(|&more| more > 0) {
                let _ = write!(text, " and {more} more");
            }
            text + ". To keep one: `baton run cancel RUN` for each of the others"
        }
    })
}

/// What a reason code means for a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoopOutcome {
    Done,
    Ended,
    Waiting,
    WaitingForItself,
    WaitingForFleet,
    Finished,
    Cancelled,
    Iterated,
    Unapproved,
    Paused,
}

impl From<Reason> for LoopOutcome {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::LoopDone => Self::Done,
            Reason::LoopLimit | Reason::NoProgress | Reason::Unattended => Self::Ended,
            Reason::StopMissed | Reason::LoopUnreadable | Reason::ClientCap => Self::Waiting,
            Reason::Finished => Self::Finished,
            Reason::Cancelled => Self::Cancelled,
            Reason::Iterated | Reason::BackgroundWorkIgnored => Self::Iterated,
            Reason::BackgroundWork => Self::WaitingForItself,
            Reason::FleetUnreachable => Self::WaitingForFleet,
            Reason::CheckRefused => Self::Unapproved,
            _ => Self::Paused,
        }
    }
}

impl LoopOutcome {
    const fn text(self) -> &'static str {
        match self {
            Self::Done => "is done",
            Self::Ended => "ended",
            Self::Waiting | Self::WaitingForItself | Self::WaitingForFleet => "waits",
            Self::Finished => "was finished",
            Self::Cancelled => "was cancelled",
            Self::Iterated => "continues",
            Self::Paused | Self::Unapproved => "is paused",
        }
    }

    /// Returns what the user can do next.
    fn next_step(self, run: &RunId) -> String {
        match self {
            Self::Waiting => format!(" It continues with your next prompt. To stop it: `baton run cancel {run}`"),
            Self::WaitingForItself => format!(
                " That work starts the next turn, and the loop continues then. If it never ends: `baton run continue {run}`, then send \
                 any prompt"
            ),
            Self::WaitingForFleet => " Your next prompt tries again.".to_owned(),
            Self::Unapproved => format!(
                " If it is continued, the next Stop pauses it again. `baton run show {run}` names the command. To end the loop: \
                 `baton run cancel {run}`; then start it again with --done-when in a terminal of your own"
            ),
            Self::Paused => format!(" To continue: `baton run continue {run}`. To end it: `baton run cancel {run}`"),
            Self::Done | Self::Ended | Self::Finished | Self::Cancelled | Self::Iterated => String::new(),
        }
    }
}

/// Returns the name and id of a run, or only the id if the name is unknown.
fn run_label(run: &RunId, names: &Names) -> String {
    match names.runs.get(run) {
        Some(name) => format!("\"{}\" ({run})", printable(name.as_str())),
        None => run.to_string(),
    }
}

/// Returns the option that makes a command apply to the session that gets the reply, whoever runs it.
fn session_option(names: &Names) -> String {
    names.session.as_ref().map_or_else(String::new, |session| format!(" --session {session}"))
}

/// Formats a time in hours, or in days if it is long.
fn time_span(ms: u64) -> String {
    match ms / 3_600_000 {
        hours @ 0..48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

pub(super) fn pane_label(pane: &Pane) -> String {
    match pane {
        Pane::Tmux { pane, .. } => format!("pane {}", printable(pane)),
        Pane::Zellij { session, pane } => format!("pane {} of {}", printable(pane), printable(session)),
        Pane::Tty { tty } => format!("terminal {}", printable(tty)),
        Pane::Unknown => "an unknown pane".to_owned(),
    }
}
