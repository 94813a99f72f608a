//! `baton pickup`: takes over a session that another machine handed over.

mod checkout;
mod loops;
mod record;
mod transcript_file;

use std::path::Path;

use agent_baton_core::id::MachineId;
use agent_baton_core::session::Session;
use baton_agents::{MovedConversation, spec, unpack_transcript};
use baton_display::{Progress, format_ago, format_count, strip_control_chars};
use baton_engine::export::{MAX_TRANSCRIPT_BYTES, SessionExport, Transcript};
use baton_fleet_client::Handoffs;
use baton_fleet_protocol::{HandoffSummary, Machine, RowOwner, Rows};
use clap::Args;

use crate::commands::resume;
use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use transcript_file::Replaced;

/// Pick up a session that another machine of the fleet handed over.
#[derive(Args)]
pub struct Pickup {
    /// Session id or a unique part of it [default: the only session that waits for this machine]
    #[arg(value_name = "ID")]
    session: Option<String>,
    /// Open a tmux window that resumes the session instead of printing its command
    #[arg(long)]
    tmux: bool,
}

impl Pickup {
    /// Picks the session up. It can be repeated.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, if no session or several wait for it, if this machine has no
    /// checkout of its project, if the session is running here, or if something cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        context.joined()?;
        let id = context.with_handoffs(|handoffs| {
            let rows = handoffs.list()?;
            let handoff = choose(&rows, handoffs.member.machine(), self.session.as_deref())?;
            if handoff.is_stored || handoff.picked_up.is_none() {
                pick_up(&context, handoffs, &handoff)?;
            } else {
                // An earlier call imported it, and removed the archive then. A copy of a run that it could not make is made now.
                output::notice(&format!("session {} was picked up here before", handoff.session));
                let root = checkout::find(&context, handoff.project.as_deref())?;
                handoffs.copy_runs(&handoff.session, &root)?;
                loops::ask_again(&context, &handoff.session)?;
            }
            Ok(handoff.session)
        })?;
        resume::resume_one(&context, &id, self.tmux)
    }
}

/// Returns the handoff that the user means: the newest of each session counts.
fn choose(rows: &Rows, here: &MachineId, text: Option<&str>) -> Result<HandoffSummary, CommandError> {
    let may_have = |it: &&HandoffSummary| it.to.as_ref().is_none_or(|to| to == here) && it.from != *here;
    let is_newest = |it: &&HandoffSummary| {
        rows.handoffs.iter().all(|other| other.session != it.session || other.age_ms >= it.age_ms)
    };
    let offered: Vec<&HandoffSummary> = rows.handoffs.iter().filter(may_have).filter(is_newest).collect();
    let waits = |it: &&HandoffSummary| match &it.picked_up {
        None => true,
        // Picked up by a call that did not get to its end, or whose session has not been resumed yet.
        Some(by) if by == here => it.is_stored || has_waiting_run(rows, it, here),
        Some(_) => false,
    };
    let is_here = |it: &&HandoffSummary| it.picked_up.is_none() || it.picked_up.as_ref() == Some(here);
    let found: Vec<&HandoffSummary> = match text {
        None => offered.into_iter().filter(waits).collect(),
        Some(text) => {
            let exact = |it: &&HandoffSummary| it.session.as_str() == text;
            let all: Vec<_> = offered.into_iter().filter(is_here).collect();
            match all.iter().copied().find(exact) {
                Some(one) => vec![one],
                None => all.into_iter().filter(|it| it.session.as_str().contains(text)).collect(),
            }
        }
    };
    match (found.as_slice(), text) {
        ([one], _) => Ok((*one).clone()),
        ([], None) => Err(CommandError::not_found("no session waits for this machine")
            .hint("`baton handoff ID` on another machine hands one over")),
        ([], Some(text)) => {
            let text = strip_control_chars(text);
            Err(CommandError::not_found(format!("no session with the id {text} waits for this machine"))
                .hint("`baton pickup` picks up the session that waits for it, or lists them if there are several"))
        }
        (several, _) => Err(CommandError::ambiguous(
            format!("{} wait for this machine", format_count(several.len(), "session", "sessions")),
            several.iter().map(|it| describe(it, &rows.machines)).collect(),
        )),
    }
}

/// Returns whether a run that was handed over with the session has no owner yet.
fn has_waiting_run(rows: &Rows, handoff: &HandoffSummary, here: &MachineId) -> bool {
    let is_waiting = |owner: &RowOwner| matches!(owner, RowOwner::Handoff { picked_up: Some(by), .. } if by == here);
    rows.rows.iter().any(|row| row.run.owner.is_session(&handoff.session) && is_waiting(&row.owner))
}

/// Describes a handoff in a list.
fn describe(handoff: &HandoffSummary, machines: &[Machine]) -> String {
    let from = name_of(&handoff.from, machines);
    let project = handoff.project.as_deref().map(strip_control_chars).unwrap_or_default();
    format!("  {}  from {from}, {}  {project}", handoff.session, format_ago(handoff.age_ms)).trim_end().to_owned()
}

fn name_of(id: &MachineId, machines: &[Machine]) -> String {
    let found = machines.iter().find(|machine| machine.id == *id);
    found.map_or_else(|| id.to_string(), |machine| strip_control_chars(&machine.name))
}

/// Claims the session, puts everything in its place, and then removes the archive from the database.
fn pick_up(context: &Context, handoffs: &mut Handoffs<'_>, handoff: &HandoffSummary) -> Result<(), CommandError> {
    let id = &handoff.session;
    let root = checkout::find(context, handoff.project.as_deref())?;
    record::check_not_alive(context, id)?;
    let progress = Progress::begin("picking the session up", None);
    let archive = handoffs.archive(handoff)?;
    let failed = |source| CommandError::cannot("pick up", format!("session {id}"), source);
    let export = SessionExport::read(archive.as_slice()).map_err(failed)?;
    if export.session.id != *id {
        return Err(CommandError::failed(format!("the archive of session {id} is that of another session"))
            .hint(format!("hand it over again on the other machine: `baton handoff {id}`")));
    }
    let Some(transcript) = &export.transcript else {
        return Err(CommandError::failed(format!("the archive of session {id} has no transcript"))
            .hint(format!("hand it over again on the other machine: `baton handoff {id}`")));
    };
    handoffs.claim(handoff)?;
    let (path, replaced) = put_transcript(context, &export.session, transcript, Path::new(&root))?;
    let was_known = record::import(context, &export, &root, &path)?;
    let runs: Vec<_> = handoffs.runs_handed_here(id)?.into_iter().map(|row| row.run).collect();
    drop(progress);
    loops::store(context, id.as_str(), &runs, &export.loops, Path::new(&root))?;
    let runs = handoffs.copy_runs(id, &root)?;
    if let Err(error) = handoffs.remove_archive(handoff) {
        let why = CommandError::from(error).in_one_line();
        output::notice(&format!("the session's archive stays in the database: {why}; the next pickup removes it"));
    }
    if let Replaced::Kept(kept) = &replaced {
        output::notice(&format!(
            "another transcript of the session was here, which the new one does not continue; it was kept as {}",
            strip_control_chars(&kept.display().to_string())
        ));
    }
    let known = if was_known { "; what this machine knew of it stays" } else { "" };
    let with = match runs.len() {
        0 => String::new(),
        count => format!(", with {}", format_count(count, "run", "runs")),
    };
    output::print(&format!("picked up session {id} in {}{with}{known}\n", strip_control_chars(&root)))?;
    if !runs.is_empty() {
        output::print("the session owns its run again as soon as it is resumed here\n")?;
    }
    Ok(())
}

/// Puts the transcript where the agent looks for it. It is never packed there: the agent packs its old ones itself.
fn put_transcript(
    context: &Context,
    session: &Session,
    transcript: &Transcript,
    root: &Path,
) -> Result<(std::path::PathBuf, Replaced), CommandError> {
    let failed = |what: String| move |source| CommandError::cannot("write", what, source);
    let content = if transcript.compressed {
        let unpacked = unpack_transcript(&transcript.bytes, MAX_TRANSCRIPT_BYTES);
        unpacked.map_err(|source| CommandError::cannot("unpack", "the transcript", source))?
    } else {
        transcript.bytes.clone()
    };
    let spec = spec(session.agent);
    let home = spec.home(context.inspector().environment()).ok_or_else(|| {
        CommandError::failed(format!("the directory of {} is unknown", session.agent))
            .hint(format!("set {} or HOME to an absolute path", spec.home_variable))
    })?;
    let moved = MovedConversation {
        session: &session.id,
        directory: root,
        transcript: session.transcript.as_deref(),
        content: &content,
    };
    let place = spec.transcript_place(&home, moved).map_err(|error| {
        CommandError::failed(error.to_string()).hint(format!(
            "start {} once in {}, then run the command again",
            session.agent,
            root.display()
        ))
    })?;
    let what = home.join(&place).display().to_string();
    transcript_file::put(&home, &place, &content).map_err(failed(what))
}
