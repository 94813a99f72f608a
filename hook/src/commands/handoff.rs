//! `baton handoff`.

use std::path::Path;

use agent_baton_core::id::{MachineId, RunId, SessionId};
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use baton_display::{Progress, format_ago, format_count, strip_control_chars};
use baton_engine::export::SessionExport;
use baton_engine::loops::definition::LoopDefinition;
use baton_engine::session_status::has_conversation;
use baton_fleet_client::{Handoffs, Offer};
use baton_fleet_protocol::{GONE_AFTER_MS, Machine};
use baton_system::git_remote;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;

/// Hand a session over to another machine of the fleet, with its conversation and its runs.
#[derive(Args)]
pub struct Handoff {
    /// Session id or a unique part of it, its name, or "last"
    #[arg(value_name = "ID")]
    session: String,
    /// Only this machine may pick it up: its name or id, as `baton fleet status` lists them
    #[arg(long, value_name = "MACHINE", conflicts_with = "cancel")]
    to: Option<String>,
    /// Take the session back, if nobody has picked it up
    #[arg(long)]
    cancel: bool,
}

impl Handoff {
    /// Hands the session over, or takes it back.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, if no session or no machine matches, if the session has no
    /// conversation, if another machine owns a run of it, or if the database cannot be asked.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        context.joined()?;
        let id = args::session::resolve(&context, &self.session, false)?;
        context.with_handoffs(|handoffs| {
            if self.cancel { take_back(handoffs, &id) } else { self.hand_over(&context, handoffs, &id) }
        })
    }

    fn hand_over(&self, context: &Context, handoffs: &mut Handoffs<'_>, id: &SessionId) -> Result<(), CommandError> {
        let (session, _) = context.session(id)?;
        if !has_conversation(&session) {
            return Err(CommandError::refused(format!("session {id} has no conversation yet")));
        }
        let to = match &self.to {
            Some(text) => {
                let here = handoffs.member.machine().clone();
                let others = handoffs.list()?.machines.into_iter().filter(|machine| machine.id != here);
                // A machine that was built anew may have left an older one of the same name.
                let is_alive = |machine: &Machine| machine.seen_ms <= GONE_AFTER_MS;
                Some(find_machine(&others.collect::<Vec<_>>(), text, is_alive)?)
            }
            None => None,
        };
        let progress = Progress::begin("handing the session over", None);
        let project = session.project.as_deref().and_then(|root| git_remote::project_identity(Path::new(root)));
        let is_alive = context.session_reader().assess(session.clone(), false).standing.status.is_alive();
        let archive = archive(context, session)?;
        let offer =
            Offer { session: id, to: to.as_ref().map(|to| &to.id), project: project.as_deref(), archive: &archive };
        let moved = handoffs.hand_over(&offer)?;
        drop(progress);
        output::print(&text(id, to.as_ref(), &moved, is_alive))?;
        for run in left_behind(context, id, &moved)? {
            output::notice(&format!(
                "run {} ({}) is no run of the fleet, so it stays on this machine",
                run.name.as_str(),
                run.id
            ));
        }
        if project.is_none() {
            output::notice(
                "the session's project has no git remote, so `baton pickup` must be called inside its directory on the other machine",
            );
        }
        Ok(())
    }
}

fn text(id: &SessionId, to: Option<&Machine>, moved: &[RunId], is_alive: bool) -> String {
    let (to, place) = match to {
        Some(to) => {
            let name = strip_control_chars(&to.name);
            (format!(" to the machine {name}"), format!("on {name}"))
        }
        None => (String::new(), "on another machine of the fleet".to_owned()),
    };
    let runs = match moved.len() {
        0 => String::new(),
        count => format!(", with {}", format_count(count, "run", "runs")),
    };
    let alive = if is_alive && moved.is_empty() {
        "the agent still runs here: end it before the session goes on elsewhere, because two agents would write one conversation\n"
    } else if is_alive {
        "the agent still runs here, and no longer owns the run: end it before the session goes on elsewhere\n"
    } else {
        ""
    };
    format!(
        "session {id} is handed over{to}{runs}\n{alive}`baton pickup {id}` {place} picks it up within 30 days; \
         `baton handoff {id} --cancel` here takes it back until then\n"
    )
}

fn take_back(handoffs: &mut Handoffs<'_>, id: &SessionId) -> Result<(), CommandError> {
    let runs = handoffs.take_back(id)?;
    let owned = match runs.len() {
        0 => String::new(),
        count => format!(", with {}", format_count(count, "run", "runs")),
    };
    output::print(&format!("session {id} is no longer handed over{owned}\n"))
}

/// Returns the machine that a text names. If several have the name, it is the one that is `likely`, if that is one.
///
/// # Errors
/// Returns an error that lists the machines if none or several match.
pub fn find_machine(
    machines: &[Machine],
    text: &str,
    likely: impl Fn(&Machine) -> bool,
) -> Result<Machine, CommandError> {
    let list = |machines: &[&Machine]| -> Vec<String> {
        let line = |machine: &&Machine| {
            format!("  {}  {}  {}", machine.id, strip_control_chars(&machine.name), format_ago(machine.seen_ms))
        };
        machines.iter().map(line).collect()
    };
    let by_id: Option<MachineId> = text.to_owned().try_into().ok();
    let is_named = |machine: &&Machine| machine.name == text || Some(&machine.id) == by_id.as_ref();
    let found: Vec<&Machine> = machines.iter().filter(is_named).collect();
    let text = strip_control_chars(text);
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let all = list(&machines.iter().collect::<Vec<_>>());
            let others = if all.is_empty() { "  there is none".to_owned() } else { all.join("\n") };
            Err(CommandError::not_found(format!("no other machine of the fleet is called \"{text}\""))
                .hint(format!("the other machines are:\n{others}")))
        }
        several => {
            let mut meant = several.iter().filter(|machine| likely(machine));
            if let (Some(one), None) = (meant.next(), meant.next()) {
                return Ok((*one).clone());
            }
            Err(CommandError::ambiguous(format!("{} machines are called \"{text}\"", several.len()), list(several)))
        }
    }
}

/// Returns the session's archive, with its transcript and the definitions of its loops.
fn archive(context: &Context, session: Session) -> Result<Vec<u8>, CommandError> {
    let store = context.store();
    let runs = session.runs.clone();
    let mut export = SessionExport::collect(store, session, true).map_err(CommandError::from)?;
    for id in runs {
        let Reading::Live(run) = context.read_run(&id)? else { continue };
        if run.fleet.is_none() || run.loop_state.is_none() {
            continue;
        }
        let definition = store.read_loop_definition(&id)?.as_deref().and_then(LoopDefinition::from_bytes);
        match definition {
            Some(definition) => export.loops.push((id, definition)),
            None => {
                output::notice(&format!("the definition of the loop {id} cannot be read, so it cannot go on elsewhere"))
            }
        }
    }
    let mut bytes = Vec::new();
    let failed = |error| CommandError::failed(format!("cannot write the session's archive: {error}"));
    export.write(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Returns the unfinished runs of the session that are not runs of the fleet.
fn left_behind(context: &Context, id: &SessionId, moved: &[RunId]) -> Result<Vec<Run>, CommandError> {
    let mut runs = context.unfinished_runs()?;
    runs.retain(|run| run.fleet.is_none() && run.owner.is_session(id) && !moved.contains(&run.id));
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(id: &str, name: &str) -> Machine {
        Machine { id: id.to_owned().try_into().unwrap(), name: name.to_owned(), seen_ms: 0 }
    }

    #[test]
    fn a_machine_is_found_by_its_name_or_id() {
        let mut machines =
            [machine("m1", "desk"), machine("m2", "laptop"), machine("m3", "laptop"), machine("m4", "ws")];
        let older = Machine { seen_ms: GONE_AFTER_MS + 1, ..machine("m5", "ws") };
        machines[0].seen_ms = older.seen_ms;
        for (text, expected) in [
            ("desk", Ok("m1")),
            ("m2", Ok("m2")),
            ("laptop", Err(4)),
            ("lap", Err(4)),
            ("", Err(4)),
            // The one that was there lately is meant.
            ("ws", Ok("m4")),
        ] {
            let machines = [&machines[..], std::slice::from_ref(&older)].concat();
            let found = find_machine(&machines, text, |machine| machine.seen_ms <= GONE_AFTER_MS);
            let found = found.as_ref().map(|it| it.id.to_string()).map_err(CommandError::status);
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
    }
}
